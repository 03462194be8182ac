//go:build !profile

package main

// measured calls main. A build for measurements has another one.
func measured(main func() int) int { return main() }
