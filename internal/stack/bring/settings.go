package bring

import (
	"context"
	"fmt"
	"sync"

	"github.com/thingpress/thingpress/internal/engine"
	"github.com/thingpress/thingpress/internal/stack"
)

// settingsMost is how many imports' settings an instance remembers.
const settingsMost = 64

// A settingsCache remembers the parsed settings of imports, which never change.
type settingsCache struct {
	mu       sync.Mutex
	byImport map[string]engine.Settings
}

func (c *settingsCache) of(job stack.Job) (engine.Settings, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s, ok := c.byImport[job.Import]; ok {
		return s, nil
	}
	s, err := stack.ParseSettings(job.Settings)
	if err != nil {
		return s, fmt.Errorf("import %s: settings: %w", job.Import, err)
	}
	if len(c.byImport) >= settingsMost || c.byImport == nil {
		c.byImport = map[string]engine.Settings{}
	}
	c.byImport[job.Import] = s
	return s, nil
}

// job reads the import's job, which says anew each time whether it stands still.
func (g *group) job(ctx context.Context) (stack.Job, engine.Settings, error) {
	job, err := g.Jobs.Get(ctx, g.importID)
	if err != nil {
		return job, engine.Settings{}, fmt.Errorf("job: %w", err)
	}
	settings, err := g.settings.of(job)
	return job, settings, err
}
