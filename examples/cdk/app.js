// Deploys the stack of Thingpress from the AWS CDK, as a nested stack. thingpress-template.json and thingpress-lambda.zip are those of
// one release, next to this file: `thingpress stack template >thingpress-template.json` prints the first, and the release has the
// second. `npm install && npx cdk deploy` deploys.

const path = require('path');
const cdk = require('aws-cdk-lib');
const include = require('aws-cdk-lib/cloudformation-include');
const assets = require('aws-cdk-lib/aws-s3-assets');

class Thingpress extends cdk.NestedStack {
  constructor(scope, id, parameters) {
    super(scope, id);
    const code = new assets.Asset(this, 'Code', { path: path.join(__dirname, 'thingpress-lambda.zip') });
    this.template = new include.CfnInclude(this, 'Template', {
      templateFile: path.join(__dirname, 'thingpress-template.json'),
      parameters: { CodeBucket: code.s3BucketName, CodeKey: code.s3ObjectKey, CodeVersion: '', ...parameters },
    });
    // The key of an asset is the hash of its content, so that it needs no version.
    for (const name of ['DecoderFunction', 'ImporterFunction', 'UndeliverableFunction', 'KeeperFunction', 'UndoFunction']) {
      this.template.getResource(name).code = { s3Bucket: code.s3BucketName, s3Key: code.s3ObjectKey };
    }
  }

  bucket(vendor) {
    return this.template.getResource(`${vendor}Bucket`).ref;
  }
}

const app = new cdk.App();
const factory = new cdk.Stack(app, 'Factory');
const thingpress = new Thingpress(factory, 'Thingpress', { IoTPolicies: 'sensors', QuotaShare: '1' });
new cdk.CfnOutput(factory, 'EspressifBucket', { value: thingpress.bucket('Espressif') });
new cdk.CfnOutput(factory, 'MicrochipBucket', { value: thingpress.bucket('Microchip') });
