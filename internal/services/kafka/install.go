package kafka

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Version is that of the broker.
const Version = "4.4.0"

//go:embed pom.xml
var pom []byte

// Install sees to it that the broker is there and gives the folder of its libraries. Processes that install at once are in
// nobody's way: each makes a folder of its own, and the first one stays.
func Install(ctx context.Context) (libs string, err error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "glulam", "services")
	libs = filepath.Join(dir, "kafka-"+Version)
	if err := needs(ctx, "java", "openjdk-17-jre-headless"); err != nil {
		return "", err
	}
	if _, err := os.Stat(libs); err == nil {
		return libs, nil
	}
	if err := needs(ctx, "mvn", "maven"); err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	temp, err := os.MkdirTemp(dir, "install-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(temp)
	file := filepath.Join(temp, "pom.xml")
	if err := os.WriteFile(file, pom, 0o644); err != nil {
		return "", err
	}
	out := filepath.Join(temp, "libs")
	if err := run(ctx, nil, "mvn", "-q", "-B", "-C", "-f", file, "dependency:copy-dependencies", "-DincludeScope=runtime", "-DoutputDirectory="+out); err != nil {
		return "", fmt.Errorf("fetching Kafka %s: %w", Version, err)
	}
	if err := os.Rename(out, libs); err != nil && !errors.Is(err, os.ErrExist) {
		if _, serr := os.Stat(libs); serr != nil { // another process was not faster either
			return "", err
		}
	}
	return libs, nil
}

// needs sees to it that a program is on the path.
func needs(ctx context.Context, program, pkg string) error {
	if _, err := exec.LookPath(program); err == nil {
		return nil
	}
	advice := fmt.Errorf("there is no %s: apt-get install %s, or the like of your system", program, pkg)
	if _, err := exec.LookPath("apt-get"); err != nil || os.Getuid() != 0 {
		return advice
	}
	env := []string{"DEBIAN_FRONTEND=noninteractive"}
	if err := run(ctx, env, "apt-get", "-qq", "update"); err != nil {
		return fmt.Errorf("%w (%w)", advice, err)
	}
	if err := run(ctx, env, "apt-get", "-qq", "install", "-y", "--no-install-recommends", pkg); err != nil {
		return fmt.Errorf("%w (%w)", advice, err)
	}
	return nil
}

// run runs a command; what it printed is part of the error.
func run(ctx context.Context, env []string, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), env...)
	if text, err := cmd.CombinedOutput(); err != nil {
		text := strings.TrimSpace(string(text))
		return fmt.Errorf("%s: %w: %s", name, err, text[max(0, len(text)-2000):])
	}
	return nil
}
