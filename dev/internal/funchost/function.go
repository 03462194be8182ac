package funchost

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// function is one folder with a function.json that has a timer trigger.
type function struct {
	name         string
	binding      string // key of the trigger under Data
	schedule     schedule
	monitored    bool // the host keeps a status for it
	runOnStartup bool
	disabled     error         // why it does not run
	turn         chan struct{} // holds one token: runs never overlap

	status status // guarded by the holder of turn
}

// status is what the host remembers of a timer; zero times mean never.
type status struct {
	last, next, updated time.Time
}

type functionJSON struct {
	Bindings   []map[string]json.RawMessage `json:"bindings"`
	Disabled   bool                         `json:"disabled"`
	Retry      json.RawMessage              `json:"retry"`
	ScriptFile string                       `json:"scriptFile"`
	EntryPoint string                       `json:"entryPoint"`
	Schema     string                       `json:"$schema"`
}

type timerBinding struct {
	Name         string `json:"name"`
	Type         string `json:"type"`
	Direction    string `json:"direction"`
	Schedule     string `json:"schedule"`
	UseMonitor   *bool  `json:"useMonitor"`
	RunOnStartup bool   `json:"runOnStartup"`
}

// load reads the app folder.
func (h *Host) load() error {
	var err error
	if h.app, err = readApp(h.cfg.AppDir, h.expand); err != nil {
		return err
	}
	if err := h.override(); err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(escapeGlob(h.app.dir), "*", "function.json"))
	if err != nil {
		return fmt.Errorf("app folder: %w", err)
	}
	h.functions = make(map[string]*function)
	for _, file := range files {
		f, err := h.readFunction(file)
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		h.functions[f.name] = f
	}
	if len(h.functions) == 0 {
		return fmt.Errorf("app folder %s: no function.json in any folder", h.app.dir)
	}
	for name := range h.cfg.Missed {
		f := h.functions[name]
		if f == nil {
			return fmt.Errorf("missed run: %w", unknownFunctionError(name))
		}
		if f.disabled == nil && !f.monitored {
			return fmt.Errorf("missed run: %w", errUnmonitored(name))
		}
	}
	return nil
}

func (h *Host) readFunction(file string) (*function, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var fj functionJSON
	if err := unmarshalStrict(data, &fj); err != nil {
		return nil, err
	}
	if fj.Retry != nil {
		return nil, errors.New("retry: this host plays no retry policy")
	}
	b, err := findTimer(fj.Bindings)
	if err != nil {
		return nil, err
	}
	f := &function{
		name:         filepath.Base(filepath.Dir(file)),
		binding:      b.Name,
		runOnStartup: b.RunOnStartup,
		turn:         make(chan struct{}, 1),
	}
	f.turn <- struct{}{}
	setting, _ := h.setting("AzureWebJobs." + f.name + ".Disabled")
	if fj.Disabled || strings.EqualFold(setting, "true") || setting == "1" {
		f.disabled = fmt.Errorf("function %s is disabled", f.name)
		return f, nil
	}
	if f.schedule, err = h.resolveSchedule(b.Schedule); err != nil {
		f.disabled = fmt.Errorf("indexing function %s: %w", f.name, err)
		return f, nil
	}
	now := h.cfg.Now()
	f.monitored = (b.UseMonitor == nil || *b.UseMonitor) && f.schedule.monitorable(now)
	f.status.next = f.schedule.next(now)
	return f, nil
}

func findTimer(bindings []map[string]json.RawMessage) (timerBinding, error) {
	for _, raw := range bindings {
		if string(raw["type"]) != `"timerTrigger"` {
			continue
		}
		data, err := json.Marshal(raw)
		if err != nil {
			return timerBinding{}, err
		}
		var b timerBinding
		if err := unmarshalStrict(data, &b); err != nil {
			return timerBinding{}, fmt.Errorf("timerTrigger: %w", err)
		}
		if b.Name == "" || b.Schedule == "" || b.Direction != "in" {
			return timerBinding{}, errors.New(`timerTrigger: a name, a schedule and the direction "in" are wanted`)
		}
		return b, nil
	}
	return timerBinding{}, errors.New("no binding of type timerTrigger")
}

// resolveSchedule expands %NAME% settings; here, unlike in arguments, one that
// is not set is an error.
func (h *Host) resolveSchedule(text string) (schedule, error) {
	expanded := h.expand(text)
	if match := settingForm.FindString(expanded); match != "" {
		return schedule{}, &indexingError{
			exception: "System.InvalidOperationException",
			source:    "Microsoft.Azure.WebJobs.Host",
			text:      fmt.Sprintf("'%s' does not resolve to a value.", match),
		}
	}
	return parseSchedule(expanded)
}

func unknownFunctionError(name string) error {
	return fmt.Errorf("function %s: no such folder with a function.json", name)
}

func errUnmonitored(name string) error {
	return fmt.Errorf("function %s: no status is kept for it, so no run of it is ever past due", name)
}

func escapeGlob(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}
