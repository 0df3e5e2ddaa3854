package registry

import (
	"strings"

	"github.com/google/uuid"
)

// The states of a registration task.
const (
	taskInProgress = "InProgress"
	taskCompleted  = "Completed"
	taskFailed     = "Failed"
	taskCancelled  = "Cancelled"
)

// A RegistrationTask provisions many things from the lines of a file.
type RegistrationTask struct {
	ID         string `json:"taskId"`
	Template   string `json:"templateBody"`
	Bucket     string `json:"inputFileBucket"`
	Key        string `json:"inputFileKey"`
	Role       string `json:"roleArn"`
	Status     string `json:"status"`
	Message    string `json:"message"`
	Success    int    `json:"successCount"`
	Failure    int    `json:"failureCount"`
	Percentage int    `json:"percentageProgress"`
}

type task struct {
	RegistrationTask
	seq               uint64
	created, modified int64
}

// AddTask adds a task in progress and gives it an ID.
func (st *State) AddTask(t *RegistrationTask) (struct{}, []Change, error) {
	t.ID, t.Status = uuid.NewString(), taskInProgress
	return struct{}{}, []Change{&TaskSet{RegistrationTask: *t}}, nil
}

// EndTask records how a task ended: as failed if it has a message, and as completed otherwise. It does nothing if the task was cancelled.
func (st *State) EndTask(t *RegistrationTask) ([]Change, error) {
	if known := st.tasks.by[t.ID]; known == nil || known.Status != taskInProgress {
		return nil, nil
	}
	t.Status, t.Percentage = taskCompleted, 100
	if t.Message != "" {
		t.Status, t.Percentage = taskFailed, 0
	}
	return []Change{&TaskSet{RegistrationTask: *t}}, nil
}

func (st *State) task(id string) (*task, error) {
	if t := st.tasks.by[id]; t != nil {
		return t, nil
	}
	return nil, notFound("Task %s does not exist", Shorten(id))
}

// A TaskDescription describes a task.
type TaskDescription struct {
	RegistrationTask
	CreationDate     Epoch `json:"creationDate"`
	LastModifiedDate Epoch `json:"lastModifiedDate"`
}

// DescribeThingRegistrationTask returns a task.
func (st *State) DescribeThingRegistrationTask(in *ByName) (out TaskDescription, err error) {
	t, err := st.task(in.Name)
	if err != nil {
		return out, err
	}
	return TaskDescription{t.RegistrationTask, Epoch(t.created), Epoch(t.modified)}, nil
}

// ListThingRegistrationTasks are the parameters of [State.ListThingRegistrationTasks].
type ListThingRegistrationTasks struct {
	ByToken
	Status string `json:"-" query:"status"`
}

// ListThingRegistrationTasks lists the IDs of all tasks, or of those with one status.
func (st *State) ListThingRegistrationTasks(in *ListThingRegistrationTasks) (out Page[string], err error) {
	p, err := in.page()
	if err != nil {
		return out, err
	}
	return collect(st.tasks.order.all(present, p), p, func(t *task) (string, bool) {
		return t.ID, in.Status == "" || in.Status == t.Status
	}), nil
}

// StopThingRegistrationTask cancels a task that is in progress.
func (st *State) StopThingRegistrationTask(in *ByName) ([]Change, error) {
	t, err := st.task(in.Name)
	if err != nil {
		return nil, err
	}
	if t.Status != taskInProgress {
		return nil, Invalid("Task %s is not in progress; its status is %s", t.ID, t.Status)
	}
	stopped := t.RegistrationTask
	stopped.Status = taskCancelled
	return []Change{&TaskSet{RegistrationTask: stopped}}, nil
}

// TaskSet is a [Change]. It adds a task or replaces it. Modified is zero unless a state file was rewritten.
type TaskSet struct {
	RegistrationTask
	Modified int64 `json:"modified,omitempty"`
}

func (a *TaskSet) apply(st *State, at stamp) bool {
	if known := st.tasks.by[a.ID]; known != nil {
		known.RegistrationTask, known.modified = a.RegistrationTask, at.at
		return true
	}
	t := &task{a.RegistrationTask, at.seq, at.at, a.Modified}
	if t.modified == 0 {
		t.modified = at.at
	}
	st.tasks.add(t.ID, t.seq, t)
	return true
}

// maxObjects is the limit of the sandbox for the size of all objects together, in bytes, since they are kept in memory.
const maxObjects = 64 << 20

// PutObject are the parameters of [State.PutObject]. Name is the bucket, a slash and the key.
type PutObject struct {
	Name string
	Data []byte
}

// PutObject stores a file for registration tasks.
func (st *State) PutObject(in *PutObject) ([]Change, error) {
	size := len(in.Data) - len(st.objects[in.Name])
	for _, data := range st.objects {
		size += len(data)
	}
	if size > maxObjects {
		return nil, limitExceeded("The objects of the sandbox would have more than %d bytes together", maxObjects)
	}
	return []Change{&ObjectPut{in.Name, in.Data}}, nil
}

// Object returns a stored file, or false if there is none.
func (st *State) Object(name string) ([]byte, bool) {
	data, ok := st.objects[name]
	return data, ok
}

// ObjectPut is a [Change].
type ObjectPut struct {
	Name string `json:"name"`
	Data []byte `json:"data"`
}

func (a *ObjectPut) apply(st *State, _ stamp) bool {
	if !strings.Contains(a.Name, "/") {
		return false
	}
	st.objects[a.Name] = a.Data
	return true
}
