package azfunc_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"testing"
	"testing/synctest"
	"time"

	"guardduty-sentinel/handler/internal/azfunc"
)

// roleVar makes the test program play a part of a test.
const roleVar = "AZFUNC_TEST_ROLE"

func TestMain(m *testing.M) {
	switch os.Getenv(roleVar) {
	case "parent":
		playParent()
	case "child":
		playChild()
	case "stuck":
		playStuck()
	default:
		os.Exit(m.Run())
	}
}

// playParent starts the child and leaves it behind when stdin ends.
func playParent() {
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), roleVar+"=child")
	child.Stdout = os.Stdout
	if err := child.Start(); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	io.Copy(io.Discard, os.Stdin)
	os.Exit(0)
}

// playChild says when it watches its parent, and how its context ended.
func playChild() {
	limit, stop := context.WithTimeout(context.Background(), patience)
	defer stop()
	parent := azfunc.FindParent()
	ctx, cancel := parent.Context(limit, time.Millisecond)
	defer cancel()
	fmt.Println("watching")
	<-ctx.Done()
	fmt.Println("ended:", context.Cause(ctx), "gone:", parent.Gone())
}

// TestOrphanEnds: a host that is ended during a run leaves its handler behind,
// which must not continue beside the next host's.
func TestOrphanEnds(t *testing.T) {
	parent := exec.Command(os.Args[0])
	parent.Env = append(os.Environ(), roleVar+"=parent")
	stdin, err := parent.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	r.SetReadDeadline(time.Now().Add(patience))
	parent.Stdout = w
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	said := bufio.NewScanner(r)
	if !said.Scan() || said.Text() != "watching" {
		t.Fatalf("child says %q, %v, want watching", said.Text(), said.Err())
	}
	stdin.Close()
	if err := parent.Wait(); err != nil {
		t.Fatal(err)
	}
	if !said.Scan() || said.Text() != "ended: context canceled gone: true" {
		t.Errorf("child whose parent has gone says %q, %v, want ended: context canceled gone: true", said.Text(),
			said.Err())
	}
}

// TestParentAlive: this process's own parent lives on.
func TestParentAlive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		parent := azfunc.FindParent()
		ctx, cancel := parent.Context(t.Context(), time.Second)
		time.Sleep(100 * time.Second)
		if err := ctx.Err(); err != nil || parent.Gone() {
			t.Errorf("context ended: %v, gone: %v, want it to last while the parent lives", err, parent.Gone())
		}
		cancel()
		<-ctx.Done()
	})
}
