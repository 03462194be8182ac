package main

import (
	"os"
	"path/filepath"
	"strings"
)

// hostFile is the text of the app's host.json: that of the working folder,
// which is the app's under the Functions host, or of the folder that the host
// names. It is nil where there is none.
func hostFile(environ []string) []byte {
	const name = "host.json"
	if text, err := os.ReadFile(name); err == nil {
		return text
	}
	for _, variable := range environ {
		if root, ok := strings.CutPrefix(variable, "AzureWebJobsScriptRoot="); ok {
			if text, err := os.ReadFile(filepath.Join(root, name)); err == nil {
				return text
			}
		}
	}
	return nil
}
