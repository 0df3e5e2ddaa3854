package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// request files the requests that were shown, after asking. One that AWS
// refuses, as it does while an earlier one is open, does not keep back the others.
func (run *quotasRun) request(ctx context.Context) error {
	var failed []error
	for _, row := range run.view.requests() {
		if !row.Adjustable {
			failed = append(failed, fmt.Errorf("%s (%s) cannot be raised through Service Quotas", row.Operation, row.Code))
		}
	}
	open := len(run.view.requests()) - len(failed)
	if open > 0 {
		if err := run.confirm(open); err != nil {
			return err
		}
	}
	for _, row := range run.view.requests() {
		if !row.Adjustable {
			continue
		}
		id, err := run.connection.client.RequestQuota(ctx, row.Code, *row.Request)
		if ctx.Err() != nil {
			return &exitError{code: ExitInterrupted, err: context.Cause(ctx)}
		}
		if err == nil {
			err = run.printRequest(row, id)
		}
		if err != nil {
			failed = append(failed, err)
		}
	}
	if len(failed) > 0 {
		return withHint(errors.Join(failed...), "a request that is open already is shown by 'aws service-quotas list-requested-service-quota-change-history --service-code iotcore'")
	}
	return nil
}

func (run *quotasRun) printRequest(row quotaRow, id string) error {
	if run.options.output != outputJSON {
		_, err := fmt.Fprintf(run.streams.Out, "requested %s/s of %s (%s): request %s\n", count(row.Request), row.Operation, row.Code, id)
		return err
	}
	return json.NewEncoder(run.streams.Out).Encode(struct {
		Type      string  `json:"type"`
		Operation string  `json:"operation"`
		Code      string  `json:"quota_code"`
		Value     float64 `json:"value"`
		ID        string  `json:"request_id"`
	}{"request", row.Operation, row.Code, *row.Request, id})
}

func (run *quotasRun) confirm(requests int) error {
	s := run.streams
	if run.options.yes {
		return nil
	}
	refused := errors.New("nothing was requested: not confirmed")
	if !s.InTerminal || !s.ErrTerminal {
		return withHint(refused, "there is no terminal to ask on; --yes does not ask")
	}
	fmt.Fprintf(s.Err, "file %d requests for %s? [y/N] ", requests, run.connection)
	answer, _ := bufio.NewReader(s.In).ReadString('\n') // no answer is a no
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return nil
	}
	return withHint(refused, "--yes does not ask")
}
