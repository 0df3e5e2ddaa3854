# Deploys the stack of Thingpress from Terraform. thingpress-template.json and thingpress-lambda.zip are those of one release, next
# to this file: `thingpress stack template >thingpress-template.json` prints the first, and the release has the second.

terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

variable "policies" {
  description = "AWS IoT policies to attach to every certificate. They must exist."
  type        = list(string)
  default     = ["sensors"]
}

variable "code_bucket" {
  description = "Bucket for the code of the functions. It must keep versions."
  type        = string
}

resource "aws_s3_object" "code" {
  bucket      = var.code_bucket
  key         = "thingpress/thingpress-lambda.zip"
  source      = "${path.module}/thingpress-lambda.zip"
  source_hash = filebase64sha256("${path.module}/thingpress-lambda.zip")
}

# The template is larger than what CloudFormation takes in a request, so it comes from a bucket.
resource "aws_s3_object" "template" {
  bucket      = var.code_bucket
  key         = "thingpress/thingpress-template.json"
  source      = "${path.module}/thingpress-template.json"
  source_hash = filebase64sha256("${path.module}/thingpress-template.json")
}

resource "aws_cloudformation_stack" "thingpress" {
  name         = "thingpress"
  template_url = "https://${var.code_bucket}.s3.amazonaws.com/${aws_s3_object.template.key}?versionId=${aws_s3_object.template.version_id}"
  capabilities = ["CAPABILITY_IAM"]

  parameters = {
    CodeBucket  = var.code_bucket
    CodeKey     = aws_s3_object.code.key
    CodeVersion = aws_s3_object.code.version_id
    IoTPolicies = join(",", [for name in var.policies : replace(name, ",", "\\,")])
  }
}

output "buckets" {
  description = "Where to put manifests, by vendor."
  value = {
    csv       = aws_cloudformation_stack.thingpress.outputs["CsvBucketName"]
    espressif = aws_cloudformation_stack.thingpress.outputs["EspressifBucketName"]
    generated = aws_cloudformation_stack.thingpress.outputs["GeneratedBucketName"]
    infineon  = aws_cloudformation_stack.thingpress.outputs["InfineonBucketName"]
    microchip = aws_cloudformation_stack.thingpress.outputs["MicrochipBucketName"]
  }
}
