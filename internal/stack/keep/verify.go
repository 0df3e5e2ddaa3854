package keep

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"math"
	"slices"

	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/iot"
	"github.com/thingpress/thingpress/internal/later"
	"github.com/thingpress/thingpress/internal/ledger"
	"github.com/thingpress/thingpress/internal/quota"
	"github.com/thingpress/thingpress/internal/stack"
)

const (
	// mostTogether is how many entries are verified together, from a sample of each such part. An invocation
	// has the time and the memory for them at the default quotas.
	mostTogether = 1_000_000
	// fullTime is how long, in seconds, reading all attachments of the entries may take that are verified
	// together. The lists of certificates and policies, which are read again for each such part, take about as
	// long in an account of a million devices, at the same time.
	fullTime = 8 * 60
	// leastTogether is the least number of entries that are verified together.
	leastTogether = 10
)

// verify compares the devices of an import with what the import wanted, mends them, and finds out which were
// connected.
func (w *worker) verify(ctx context.Context) error {
	if w.command.Connected && w.progress.Next == (ledger.Place{}) {
		if err := w.checkIndex(ctx); err != nil {
			return err
		}
	}
	if err := w.survey(ctx); err != nil {
		return err
	}
	settings, err := w.settings()
	if err != nil {
		return &endError{err.Error()}
	}
	if kept, err := stack.KeepsAsked(w.imports[0].Settings); err != nil || !kept {
		return &endError{"the entries of this import may have asked for settings of their own, which the version that began it did not keep; " +
			"verify the manifest instead: thingpress verify MANIFEST with the flags of the import"}
	}
	var statuses []ledger.Import
	for command, err := range w.Ledger.LaterCommands(ctx, w.imports[0].ID) {
		if err != nil {
			return err
		}
		if later.StatusOf(command.Verb) != "" {
			statuses = append(statuses, command)
		}
	}
	for done := false; w.progress.Next.Entry < w.imports[0].Manifests[0].Entries; done = true {
		size := w.together(ctx)
		err := w.verifyStretch(ctx, settings, statuses, size)
		if errors.Is(err, errDeadline) && !done {
			w.progress.Stretch = max(size/2, leastTogether)
		}
		if err != nil {
			return err
		}
		if err := w.checkpoint(ctx); err != nil {
			return err
		}
	}
	return w.countMended(ctx)
}

// countMended adds to the devices that differed those that an invocation mended and did not live to save. When their
// part was verified again, they were as wanted. What they lacked is not known any more; the ledger has what was made.
func (w *worker) countMended(ctx context.Context) error {
	if !w.command.Fix || w.progress.Verified == nil {
		return nil
	}
	record, err := w.Ledger.Import(ctx, w.job.Import)
	if err == nil {
		w.progress.Verified.Drifted = max(w.progress.Verified.Drifted, record.Counts.Changed+record.Counts.Failed)
	}
	return err
}

// checkIndex returns an error unless fleet indexing keeps the connectivity of things.
func (w *worker) checkIndex(ctx context.Context) error {
	indexed, err := engine.ConnectivityIndexed(w.begin, w.config(ctx, engine.Settings{}), w.Registry)
	if err == nil && !indexed {
		return &endError{"fleet indexing does not keep the connectivity of things; enable it with: aws iot update-indexing-configuration " +
			"--thing-indexing-configuration thingIndexingMode=REGISTRY,thingConnectivityIndexingMode=STATUS"}
	}
	return w.faultOf(err)
}

// together returns how many entries are verified together. An invocation that did not get that far has halved
// it for the next one.
func (w *worker) together(ctx context.Context) int {
	if n := w.progress.Stretch; n > 0 {
		return n
	}
	n := mostTogether
	if w.command.Full || w.command.Fix {
		set := w.Limiters(ctx).Set()
		rate := math.Min(set.TPS(iot.ListThingPrincipals)+set.TPS(iot.ListThingPrincipalsV2),
			set.TPS(iot.ListPrincipalThings)+set.TPS(iot.ListPrincipalThingsV2))
		n = int(math.Min(mostTogether, math.Max(engine.SampleSize, rate*fullTime)))
	}
	return n
}

// verifyStretch verifies some entries, and adds what it found to the result when it is complete.
func (w *worker) verifyStretch(ctx context.Context, settings engine.Settings, statuses []ledger.Import, size int) error {
	from, end := w.progress.Next, w.progress.Next
	end.Entry = min(end.Entry+size, w.imports[0].Manifests[0].Entries)
	all := func(ctx context.Context) iter.Seq2[*engine.Subject, error] {
		reader := records{w.Ledger, map[string]ledger.Place{}}
		for _, s := range statuses {
			reader.from[s.ID] = from
		}
		return until(later.WithStatus(ctx, reader, w.subjects(ctx, from, settings), statuses), end)
	}
	manifests := w.manifests()
	fleet, err := engine.FleetOfSubjects(w.begin, engine.Subjects{Manifests: manifests, All: all, Identity: later.IdentityOf}, settings)
	if err != nil {
		return w.faultOf(err)
	}
	f, err := newFindings(w.TempDir, w.Ender.Stack, w.imports[0])
	if err != nil {
		return err
	}
	defer f.close()
	config := w.config(ctx, settings)
	found, err := engine.Verify(w.begin, config, engine.Verifying{
		Fleet: fleet, Survey: w.Registry, Full: w.command.Full, Found: f.drift,
	})
	w.addCalls(found.Made)
	if err != nil {
		return w.verifyError(err)
	}
	result := stack.Verified{}
	if w.progress.Verified != nil {
		result = *w.progress.Verified
	}
	if w.command.Fix && len(f.drifted) > 0 {
		again, err := w.reread(w.begin, f.gone, from)
		if err != nil {
			return err
		}
		err = w.mend(ctx, fleet, f.drifted, again.fill(all(w.begin), f.gone))
		again.end()
		if err := cmp.Or(err, w.faultOf(again.failed)); err != nil {
			return err
		}
		result.Unreadable = cmp.Or(result.Unreadable, again.unreadable)
	}
	result.Parts = slices.Clone(result.Parts)
	if w.command.Connected {
		connected, err := engine.FindConnected(w.begin, config, fleet, w.Registry, f.connection)
		w.addCalls(connected.Made)
		if err != nil {
			return w.verifyError(err)
		}
		addConnections(&result, connected)
	}
	key, err := f.store(ctx, w.Store, w.Bucket, w.jobs[0].Vendor, w.job.Import, from.Entry)
	if err != nil {
		return err
	}
	if key != "" {
		result.Parts = append(result.Parts, key)
	}
	addVerification(&result, found, w.progress.Verified == nil)
	result.Uncheckable = fleet.Uncheckable
	w.progress.Verified, w.progress.Next = &result, end
	return nil
}

// until yields the subjects before a place.
func until(subjects iter.Seq2[*engine.Subject, error], end ledger.Place) iter.Seq2[*engine.Subject, error] {
	return func(yield func(*engine.Subject, error) bool) {
		for subject, err := range subjects {
			if err == nil && !before(subject.Place, end) {
				return
			}
			if !yield(subject, err) {
				return
			}
		}
	}
}

func (w *worker) verifyError(err error) error {
	if errors.Is(err, engine.ErrInterrupted) && w.begin.Err() != nil {
		return errDeadline
	}
	return err
}

// mend makes what devices lack, and records it.
func (w *worker) mend(ctx context.Context, fleet *engine.Fleet, drifted map[string]bool, subjects iter.Seq2[*engine.Subject, error]) error {
	journal, err := w.journal(ctx)
	if err != nil {
		return err
	}
	summary, err := engine.RunLater(w.begin, w.config(ctx, fleet.Settings), engine.Later{
		ID: w.job.Import, Manifests: w.manifests(), Partial: true, Journal: journal,
		Calls: quota.Calls{iot.DescribeCertificate: 2, iot.ListAttachedPolicies: 2, iot.ListThingPrincipals: 2, iot.ListPrincipalThings: 2},
		Subjects: func(yield func(*engine.Subject, error) bool) {
			for subject, err := range subjects {
				if err == nil && (subject.Outcome != "" || !drifted[subject.Record.CertificateID.String()]) {
					continue
				}
				if !yield(subject, err) {
					return
				}
			}
		},
	}, fleet.Mend(drifted))
	w.addCalls(summary.Calls)
	w.put(ctx, summary)
	w.settled = w.settled || settles(summary)
	return w.verifyError(err)
}

// addVerification adds the result of a part to those before.
func addVerification(to *stack.Verified, v engine.Verification, first bool) {
	to.Devices += v.Devices
	to.Drifted += v.Drifted
	to.Unread += v.Unread
	to.Sample += v.Sample
	to.SampleDrifted += v.SampleDrifted
	to.OneSided = to.OneSided || v.OneSided
	if first {
		to.Whole = v.Whole
	} else {
		to.Whole &= v.Whole
	}
	to.Findings = mergeReasons(to.Findings, v.Findings)
}

func addConnections(to *stack.Verified, c engine.Connections) {
	to.Seen += c.Seen
	to.Connected += c.Connected
	to.Never += c.Never
	to.Unknown += c.Unknown
	to.Unindexed += c.Unread
}
