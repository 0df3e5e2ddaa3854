package stacks

import (
	"github.com/spf13/cobra"

	"github.com/thingpress/thingpress/internal/cli/terminal"
	"github.com/thingpress/thingpress/internal/cli/version"
	"github.com/thingpress/thingpress/internal/stack/operate"
	"github.com/thingpress/thingpress/stack"
)

func newTemplate(streams terminal.Streams) *cobra.Command {
	return &cobra.Command{
		Use:   "template",
		Short: "Print the template of the stack",
		Long: `Print the CloudFormation template of the stack, as JSON, with the version of this
program. Terraform, the AWS CDK and StackSets can deploy it. The parameters
CodeBucket, CodeKey and CodeVersion name the object with the code of the functions,
which is thingpress-lambda.zip of the same version. docs/stack.md has examples.

thingpress stack deploy needs no template: this program carries it.`,
		Example: `  thingpress stack template > thingpress-template.json`,
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			template, err := operate.Versioned(stack.Template, version.Current())
			if err != nil {
				return err
			}
			_, err = streams.Out.Write(append(template, '\n'))
			return err
		},
	}
}
