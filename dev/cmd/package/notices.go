package main

import (
	"bytes"
	"debug/buildinfo"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// A module is linked into the handler.
type module struct {
	path, version string
	dir           string   // in the module cache
	packages      []string // folders of what is linked, below dir
}

// standard is the module of Go's own library and runtime.
const standard = "std"

// gatherNotices returns the licence texts of every module linked into the
// binary, Go itself among them. A module without one is an error: it may not
// be passed on.
func gatherNotices(root string, binary []byte) ([]byte, error) {
	info, err := buildinfo.Read(bytes.NewReader(binary))
	if err != nil {
		return nil, fmt.Errorf("handler: %w", err)
	}
	modules, err := linked(root, info.GoVersion)
	if err != nil {
		return nil, err
	}
	for _, dep := range info.Deps {
		if m := modules[dep.Path]; m == nil || m.version != dep.Version || dep.Replace != nil {
			return nil, fmt.Errorf("module %s %s is linked, and go list does not say from where", dep.Path, dep.Version)
		}
	}
	paths := []string{standard}
	for _, dep := range info.Deps {
		paths = append(paths, dep.Path)
	}
	slices.Sort(paths[1:])
	var b bytes.Buffer
	b.WriteString("bin/handler holds the following modules. Their licences:\n")
	for _, path := range paths {
		if err := notice(&b, modules[path]); err != nil {
			return nil, err
		}
	}
	return b.Bytes(), nil
}

// linked asks the go command where the packages of the handler come from.
func linked(root, release string) (map[string]*module, error) {
	out, err := goTool(root, "list", "-deps", "-trimpath", "-json=Dir,Standard,Module", "./handler")
	if err != nil {
		return nil, err
	}
	goRoot, err := goTool(root, "env", "GOROOT")
	if err != nil {
		return nil, err
	}
	modules := map[string]*module{}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct {
			Dir      string
			Standard bool
			Module   *struct{ Path, Version, Dir string }
		}
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return modules, nil
		} else if err != nil {
			return nil, fmt.Errorf("go list: %w", err)
		}
		m := &module{path: standard, version: release, dir: strings.TrimSpace(string(goRoot))}
		if !p.Standard {
			m.path, m.version, m.dir = p.Module.Path, p.Module.Version, p.Module.Dir
		}
		if modules[m.path] == nil {
			modules[m.path] = m
		}
		modules[m.path].packages = append(modules[m.path].packages, p.Dir)
	}
}

// notice writes a module's texts: those at its root, and those beside or above
// the packages in use, which hold for code taken from elsewhere.
func notice(w io.Writer, m *module) error {
	files, err := m.texts()
	if err != nil {
		return fmt.Errorf("module %s: %w", m.path, err)
	}
	name := m.path + " " + m.version
	if m.path == standard {
		name = "The Go standard library and runtime, " + m.version
	}
	fmt.Fprintf(w, "\n%s\n%s\n", strings.Repeat("=", 80), name)
	for _, file := range files {
		text, err := os.ReadFile(filepath.Join(m.dir, file))
		if err != nil {
			return err
		}
		text = bytes.TrimSpace(bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")))
		fmt.Fprintf(w, "\n--- %s\n\n%s\n", filepath.ToSlash(file), text)
	}
	return nil
}

var textName = regexp.MustCompile(`(?i)^(licen[cs]e|copying|notice|patents)([.-].*)?$`)

// texts lists the licence files, relative to the module's folder.
func (m *module) texts() ([]string, error) {
	folders := map[string]bool{m.dir: true}
	for _, dir := range m.packages {
		for ; strings.HasPrefix(dir, m.dir+string(filepath.Separator)); dir = filepath.Dir(dir) {
			folders[dir] = true
		}
	}
	var files []string
	for dir := range folders {
		found, err := os.ReadDir(dir)
		if err != nil {
			return nil, err
		}
		for _, f := range found {
			if !f.Type().IsRegular() || !textName.MatchString(f.Name()) || strings.HasSuffix(f.Name(), ".go") {
				continue
			}
			file, err := filepath.Rel(m.dir, filepath.Join(dir, f.Name()))
			if err != nil {
				return nil, err
			}
			files = append(files, file)
		}
	}
	slices.Sort(files)
	if len(files) == 0 {
		return nil, errors.New("no licence in " + m.dir)
	}
	return files, nil
}
