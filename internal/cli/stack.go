package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/thingpress/thingpress/internal/stack/operate"
)

// stackFlags are those of all commands that look after a stack.
type stackFlags struct {
	stack       string
	account     string
	region      string
	profile     string
	endpointURL string
	quiet       bool
	output      outputFlag
}

func (f *stackFlags) add(c *cobra.Command) {
	flags := c.Flags()
	flags.StringVar(&f.stack, "stack", "thingpress", "name of the stack in CloudFormation")
	flags.StringVar(&f.account, "account", "", "refuse any other account than this")
	flags.StringVar(&f.region, "region", "", "AWS region (default: as the AWS SDK finds it)")
	flags.StringVar(&f.profile, "profile", "", "profile of the AWS configuration")
	flags.StringVar(&f.endpointURL, "endpoint-url", "", "endpoint instead of AWS's, for all services alike")
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "print no progress")
	addOutputFlag(c, &f.output)
}

func newStack(streams Streams) *cobra.Command {
	c := &cobra.Command{
		Use:   "stack",
		Short: "Install Thingpress in an AWS account, and look after it",
		Long: `Install Thingpress in an AWS account, as a CloudFormation stack: manifests that are put
into a vendor's bucket are imported from there, by functions in the account, at the
limit of its quotas. docs/stack.md is the guide.

` + exitHelp,
		Example: `  # set up, with two attachments
  thingpress stack deploy --parameter IoTPolicies=sensors --parameter IoTThingType=sensor

  # import a manifest, and follow
  thingpress stack upload reel.csv

  # how it is
  thingpress stack status
  thingpress stack imports`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(
		newStackDelete(streams),
		newStackDeploy(streams),
		newStackImport(streams),
		newStackImports(streams),
		newStackRedrive(streams),
		newStackReport(streams),
		newStackSigners(streams),
		newStackStatus(streams),
		newStackUpload(streams),
	)
	return c
}

// openAccount finds out whose the credentials are.
func (f *stackFlags) openAccount(ctx context.Context) (*operate.Account, error) {
	account, err := operate.Open(ctx, operate.Options{
		Region: f.region, Profile: f.profile, Endpoint: f.endpointURL, Version: version(),
	})
	if err != nil {
		return nil, withHint(err, "say where to find credentials and region: --profile, --region, or the environment of the AWS SDK")
	}
	if f.account != "" && f.account != account.ID {
		return nil, withHint(fmt.Errorf("the credentials are of account %s, not of %s", account.ID, f.account), "choose others with --profile, or correct --account")
	}
	return account, nil
}

// open finds the stack.
func (f *stackFlags) open(ctx context.Context) (*operate.Stack, error) {
	account, err := f.openAccount(ctx)
	if err != nil {
		return nil, err
	}
	stack, err := account.Find(ctx, f.stack)
	if errors.Is(err, operate.ErrNoStack) {
		return nil, withHint(fmt.Errorf("account %s: %w", account.ID, err), "thingpress stack deploy makes one; --stack and --region say where it is")
	}
	return stack, err
}

// ended turns the end of a context into the exit code of an interrupt.
func ended(ctx context.Context, err error, what string) error {
	if err != nil && ctx.Err() != nil {
		return &exitError{code: ExitInterrupted, err: errors.New(what)}
	}
	return err
}

// askFor asks for one line on a terminal. Without one the answer is empty.
func askFor(s Streams, question string) string {
	if !s.InTerminal || !s.ErrTerminal {
		return ""
	}
	fmt.Fprint(s.Err, question)
	answer, _ := bufio.NewReader(s.In).ReadString('\n') // no answer is a no
	return strings.TrimSpace(answer)
}

// confirmed asks a question that is answered with yes or no.
func confirmed(s Streams, question string) bool {
	answer := strings.ToLower(askFor(s, question+" [y/N] "))
	return answer == "y" || answer == "yes"
}
