package cli

import "github.com/spf13/cobra"

// topics returns the pages that help shows next to those of the commands.
func topics() []*cobra.Command {
	return []*cobra.Command{
		{
			Use: "exit-codes", Short: "What the exit code of every command means",
			Long: `The exit codes are the same in every command, so that scripts can depend on them.

  0    As wanted. Every entry was imported, unchanged or skipped.
  1    Not carried out, or not to the end. An import resumes with the same command
       line. Examples are a manifest that cannot be read, missing credentials, a
       policy that does not exist, and a quota request that AWS refuses.
  2    Wrong usage. Nothing was changed. Examples are an unknown flag, a flag
       with an impossible value, and a change that needs --yes because there is no
       terminal to ask on.
  3    Carried out, but something is not as wanted. Entries failed or were rejected,
       or a line of --only matched no device.
  130  Interrupted by Ctrl-C, SIGTERM or SIGHUP. An import resumes with the same
       command line.

With --output json, the last line of a command that ends with 1, 2 or 130 has the code
as well.`,
		},
		{
			Use: "names", Short: "How things are named, and the templates for names and attributes",
			Long: `A thing is named by the common name (CN) of its certificate unless --thing-name has
another template. --attribute takes the same templates. AWS IoT accepts names of 1 to
128 characters out of a-z, A-Z, 0-9, colon, underscore and hyphen. An entry whose name
has other characters is rejected, and the message has a template that would work.

Fields:
  {cn}                      common name of the subject
  {id}                      the vendor's own ID of the device: MAC address, unique ID
                            or chip ID
  {mac}                     MAC address, in manifests that have one
  {serial}                  serial number of the certificate, in hex
  {fingerprint}             SHA-256 of the certificate, in hex: AWS's certificate ID
  {ski}                     subject key identifier, in hex
  {san.dns}                 DNS name in the subject alternative names
  {subject.serialnumber}    serialNumber of the subject; the other attributes of the
                            subject likewise, such as {subject.o} and {subject.ou}
  {column.NAME}             the cell of a column of a table, by header or number

Modifiers follow a field after |, one after the other:
  {mac|lower}               lower case
  {id|upper}                upper case
  {mac|colons}              a colon between the bytes of a value in hex
  {cn|replace: .:_}         each of the characters after the first colon becomes the text
                            after the second: "chip 4.2" becomes "chip_4_2"

Firmware compares names byte for byte. Nothing but a modifier changes a value.

Examples:
  --thing-name '{mac|lower|colons}'
  --thing-name 'line7-{id}'
  --attribute 'mac={mac}'`,
		},
		{
			Use: "environment", Short: "Which variables and files a command reads",
			Long: `Every flag has a variable: THINGPRESS_ and the name of the flag in capitals with
underscores, such as THINGPRESS_THING_TYPE for --thing-type. A flag on the command line
has precedence. The variable of a repeatable flag takes several values separated by
commas; write \, for a comma inside a value. An empty variable counts as unset.

What neither sets can be in a config file, whose keys are names of flags. Its tables are
targets; --target or THINGPRESS_TARGET chooses one, whose settings have precedence over
those for all targets.

  region = "eu-west-1"

  [targets.production]
  profile = "factory"
  account = "111122223333"
  policy = ["sensors", "audit"]

'thingpress config' shows the settings in force and where each comes from. A mistake in
the file ends every command with exit code 2.

Credentials, region and endpoint are found as by the AWS CLI: AWS_PROFILE, AWS_REGION,
AWS_ACCESS_KEY_ID and the rest, ~/.aws/config, and the role of a container or instance.
HTTPS_PROXY and NO_PROXY are respected.

NO_COLOR, set to anything, prints without colours. TERM=dumb also stops redrawing.

Files:
  $XDG_CONFIG_HOME/thingpress/config.toml
                                 the config file, unless --config or THINGPRESS_CONFIG
                                 names another. Without the variable: ~/.config, or
                                 ~/Library/Application Support on macOS, or %AppData%
                                 on Windows.
  $XDG_STATE_HOME/thingpress/    ledgers of imports, and the state of the embedded
                                 sandbox. Without the variable: ~/.local/state, or
                                 ~/Library/Application Support on macOS, or
                                 %LocalAppData% on Windows.
  $TMPDIR                        copies of input from a pipe, and unpacked archives,
                                 while a command runs`,
		},
	}
}
