package integration

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/thingpress/thingpress/internal/stack"
)

// killer returns a function that decides which invocations are killed, and when. Of a share of them, the tenth is
// killed before it begins, so that there is one however short they are.
func (w *world) killer(name string, share float64, timeout time.Duration) func([]byte) (time.Duration, bool) {
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(name)) // never fails
	random := rand.New(rand.NewPCG(w.seed, hash.Sum64()))
	n := 0
	return func([]byte) (time.Duration, bool) {
		after, kill := time.Duration(math.Pow(random.Float64(), 3)*float64(timeout)), random.Float64() < share // most invocations are short
		if n++; n == 10 && share > 0 {
			return 0, true
		}
		return after, kill
	}
}

// sparing spares jobs that have not got any further since they were last killed. A job is stopped if three invocations
// in a row die without progress, and chance must not bring that about.
func (l *line) sparing(kill func([]byte) (time.Duration, bool)) func([]byte) (time.Duration, bool) {
	killed := map[string]string{} // by upload or command, how far it was
	return func(event []byte) (time.Duration, bool) {
		after, kills := kill(event)
		var batch events.SQSEvent
		if err := json.Unmarshal(event, &batch); err != nil || !kills {
			return after, kills
		}
		for _, m := range batch.Records {
			name, place := l.place(m.Body)
			if at, ok := killed[name]; ok && at == place {
				return 0, false
			}
			killed[name] = place
		}
		return after, kills
	}
}

// place returns the name of the upload or command that a message is about, and how far its job is.
func (l *line) place(body string) (name, place string) {
	ctx := context.Background() // invocations outlive the context of the test
	var job stack.Job
	if task, ours, err := stack.ParseTask(body); err == nil && ours {
		job, _ = l.ledger.Get(ctx, task.Import) // without one, it is nowhere
		if name = task.Import; job.Command == nil {
			name = uploadID(job.Upload.Bucket, job.Upload.Key, job.Upload.Version)
		}
	} else {
		var created events.S3Event
		if err := json.Unmarshal([]byte(body), &created); err != nil || len(created.Records) == 0 {
			return body, ""
		}
		o := created.Records[0].S3
		name = uploadID(o.Bucket.Name, o.Object.URLDecodedKey, o.Object.VersionID)
		jobs, _ := l.jobs(ctx) // as above
		job = jobs[name]
	}
	return name, fmt.Sprint(job.Phase, job.Sent, string(job.Progress))
}

func uploadID(bucket, key, version string) string { return bucket + "/" + key + "@" + version }
