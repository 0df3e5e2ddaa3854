package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/thingpress/thingpress/internal/sandbox/provisioning"
	"github.com/thingpress/thingpress/internal/sandbox/registry"
)

type registerThingRequest struct {
	Template   string            `json:"templateBody"`
	Parameters map[string]string `json:"parameters"`
}

var bindRegisterThing = binder[registerThingRequest]()

// registerThing provisions one thing.
func registerThing(b backend, c *call) (any, error) {
	in, err := bindRegisterThing(c)
	if err != nil {
		return nil, err
	}
	template, err := provisioning.Parse(in.Template)
	if err != nil {
		return nil, registry.Invalid("%v", err)
	}
	resources, err := template.Expand(in.Parameters)
	if err != nil {
		return nil, registry.Invalid("%v", err)
	}
	out, changed, err := b.provision(resources)
	c.changed = changed
	return out, err
}

type startTaskRequest struct {
	Template string `json:"templateBody"`
	Bucket   string `json:"inputFileBucket"`
	Key      string `json:"inputFileKey"`
	Role     string `json:"roleArn"`
}

var bindStartTask = binder[startTaskRequest]()

// startThingRegistrationTask provisions a thing for each line of a file before it answers, so that
// a task is never seen in progress unless the process was killed.
func startThingRegistrationTask(b backend, c *call) (any, error) {
	in, err := bindStartTask(c)
	if err != nil {
		return nil, err
	}
	template, err := provisioning.Parse(in.Template)
	if err != nil {
		return nil, registry.Invalid("%v", err)
	}
	task := registry.RegistrationTask{Template: in.Template, Bucket: in.Bucket, Key: in.Key, Role: in.Role}
	if c.changed, err = b.store.Change(func(st *registry.State) ([]registry.Change, error) {
		_, changes, err := st.AddTask(&task)
		return changes, err
	}); err != nil {
		return nil, err
	}
	var reports map[string][]byte
	input, found := b.object(in.Bucket + "/" + in.Key)
	if found {
		reports = b.provisionLines(&task, template, input)
	} else {
		task.Message = fmt.Sprintf("The file s3://%s/%s does not exist", in.Bucket, in.Key)
	}
	_, err = b.store.Change(func(st *registry.State) (changes []registry.Change, err error) {
		for kind, data := range reports {
			put, err := st.PutObject(&registry.PutObject{Name: reportName(task.ID, kind), Data: data})
			if err != nil {
				task.Message = "The reports cannot be kept: " + err.Error()
			}
			changes = append(changes, put...)
		}
		end, err := st.EndTask(&task)
		return append(changes, end...), err
	})
	return map[string]string{"taskId": task.ID}, err
}

func reportName(task, kind string) string { return reportBucket + "/" + task + "/" + kind }

// The lines of reports.
type (
	lineResult struct {
		Line     int         `json:"lineNumber"`
		Offset   int         `json:"offset"`
		Response provisioned `json:"response"`
	}
	lineError struct {
		Line    int    `json:"lineNumber"`
		Offset  int    `json:"offset"`
		Code    string `json:"errorCode"`
		Message string `json:"errorMessage"`
	}
)

// maxReports is the limit of the sandbox for the reports of a task together, in bytes. They are one record of the state.
const maxReports = 4 << 20

// provisionLines provisions a thing for each line of an input file, counts them in task, and returns the reports by type. It stops with
// a message in task if the reports become too long.
func (b backend) provisionLines(task *registry.RegistrationTask, t *provisioning.Template, input []byte) map[string][]byte {
	reports := map[string][]byte{}
	report := func(kind string, line any) {
		reports[kind] = append(append(reports[kind], marshal(line)...), '\n')
	}
	offset, number := 0, 0
	for line := range bytes.Lines(input) {
		number++
		if size := len(reports["RESULTS"]) + len(reports["ERRORS"]); size > maxReports {
			task.Message = fmt.Sprintf("The reports have %d bytes together, and the limit is %d; line %d and later ones were not provisioned",
				size, maxReports, number)
			return reports
		}
		if len(bytes.TrimSpace(line)) > 0 {
			out, err := b.provisionLine(t, line)
			if err == nil {
				task.Success++
				report("RESULTS", lineResult{number, offset, out})
			} else {
				task.Failure++
				message := registry.Shorten(strings.TrimPrefix(err.Error(), codeOfError(err)+": "))
				report("ERRORS", lineError{number, offset, codeOfError(err), message})
			}
		}
		offset += len(line)
	}
	return reports
}

func (b backend) provisionLine(t *provisioning.Template, line []byte) (out provisioned, err error) {
	var values map[string]string
	if err := json.Unmarshal(line, &values); err != nil {
		return out, registry.Invalid("the line is not a JSON object of strings")
	}
	resources, err := t.Expand(values)
	if err != nil {
		return out, registry.Invalid("%v", err)
	}
	out, _, err = b.provision(resources)
	return out, err
}

func codeOfError(err error) string {
	var refusal *registry.APIError
	if errors.As(err, &refusal) {
		return refusal.Code
	}
	return "InternalFailure"
}

type reportsRequest struct {
	Task  string `json:"-" path:""`
	Type  string `json:"-" query:"reportType"`
	Token string `json:"-" query:"nextToken"`
}

var bindReports = binder[reportsRequest]()

// listThingRegistrationTaskReports returns the address of a report in the sandbox. A task without such lines has none.
func listThingRegistrationTaskReports(b backend, c *call) (any, error) {
	in, err := bindReports(c)
	if err != nil {
		return nil, err
	}
	links := []string{}
	b.store.View(func(st *registry.State) {
		if _, err = st.DescribeThingRegistrationTask(&registry.ByName{Name: in.Task}); err != nil {
			return
		}
		if name := reportName(in.Task, in.Type); b.has(st, name) {
			links = append(links, "http://"+c.request.Host+"/"+name)
		}
	})
	if err != nil {
		return nil, registry.Invalid("Task %s does not exist", registry.Shorten(in.Task))
	}
	return map[string]any{"resourceLinks": links, "reportType": in.Type}, nil
}

func (backend) has(st *registry.State, object string) bool {
	_, found := st.Object(object)
	return found
}
