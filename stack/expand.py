"""Expands the SAM template to plain CloudFormation, which `thingpress stack deploy` embeds: `make lambda` runs this.

The functions' code becomes the parameters CodeBucket, CodeKey and CodeVersion. Usage: expand.py template.yaml > expanded.json
"""

import json
import os
import sys

os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")  # the translator asks for some region, and uses it for the partition alone

from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse


class NoManagedPolicies:
    """The template names none, so that nobody has to be asked for them."""

    def load(self):
        return {}


def main(path):
    with open(path, encoding="utf-8") as file:
        template = yaml_parse(file.read())
    template["Globals"]["Function"]["CodeUri"] = {
        "Bucket": {"Ref": "CodeBucket"},
        "Key": {"Ref": "CodeKey"},
        "Version": {"Ref": "CodeVersion"},
    }
    template["Parameters"]["CodeBucket"] = {
        "Type": "String",
        "Description": "Bucket of the functions' code. `thingpress stack deploy` sets it.",
    }
    template["Parameters"]["CodeKey"] = {
        "Type": "String",
        "Description": "Key of the functions' code in its bucket. `thingpress stack deploy` sets it.",
    }
    template["Parameters"]["CodeVersion"] = {
        "Type": "String",
        "Description": "Version of that object, whose content cannot change. `thingpress stack deploy` sets it.",
    }
    expanded = transform(template, {}, NoManagedPolicies())
    json.dump(expanded, sys.stdout, indent=1, ensure_ascii=False)
    sys.stdout.write("\n")


main(sys.argv[1])
