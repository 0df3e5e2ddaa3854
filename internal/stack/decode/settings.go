package decode

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/thingpress/thingpress/internal/device"
	"github.com/thingpress/thingpress/internal/stack"
	"github.com/thingpress/thingpress/internal/stack/aws/object"
)

// readSettings reads what the devices of the manifest get: the parameters of the stack, and
// what the settings file says about the manifest's key. The job keeps them until the
// import ends.
func (w *worker) readSettings(ctx context.Context) error {
	name := w.h.Stack.Parameters
	if name == "" {
		return errors.New("the environment of the function is older than its code; the update of the stack is not complete")
	}
	text, err := w.h.Parameters(ctx, name)
	if err != nil {
		return err
	}
	parameters, err := stack.ParseParameters(text)
	if err != nil {
		return stopf("parameters of the stack: %w; deploy it with other values", err)
	}
	settings := parameters.Settings()
	if err := w.readPrefixes(ctx, &parameters, &settings.Attachments); err != nil {
		return err
	}
	began := w.settings.Decode.Now
	if w.job.Settings, err = stack.FreezeSettings(settings, parameters.Allowed, began); err != nil {
		return err
	}
	w.allowed = parameters.Allowed
	w.progress.Published = parameters.PublishedSigners
	w.settings = settings
	w.settings.Decode.Now = began
	return nil
}

// readPrefixes replaces attachments by those that the settings file has for the manifest, if there is one.
func (w *worker) readPrefixes(ctx context.Context, parameters *stack.Parameters, attachments *device.Attachments) error {
	file := object.Version{Bucket: w.h.Stack.SettingsBucket, Key: stack.SettingsKey}
	data, version, err := object.Get(ctx, w.h.Objects, file, stack.MaxSettings)
	var none *types.NoSuchKey
	var large *object.TooLargeError
	switch {
	case errors.As(err, &none):
		return nil
	case errors.As(err, &large):
		return stopf("settings: %w", err)
	case err != nil:
		return fmt.Errorf("settings: %w", err)
	}
	prefixes, err := stack.ParsePrefixes(data, parameters)
	if err != nil {
		return stopf("settings s3://%s/%s: %w; correct the file", file.Bucket, file.Key, err)
	}
	var prefix string
	if *attachments, prefix, err = prefixes.Attachments(w.job.Upload.Key, *attachments); err != nil {
		return err
	}
	w.log.InfoContext(ctx, "settings", "bucket", file.Bucket, "version", version.ID, "prefix", prefix)
	return nil
}
