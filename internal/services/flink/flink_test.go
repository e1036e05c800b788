package flink

import (
	"archive/zip"
	"context"
	"errors"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/glulam/glulam/internal/services"
)

// TestCluster starts a cluster and its job server, kills and starts each process, and stops all.
func TestCluster(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a cluster")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	c, err := Start(ctx, Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Stop()
	var seen []int
	processes := func(names ...string) map[string]int {
		t.Helper()
		pids := c.PIDs()
		if got := slices.Sorted(maps.Keys(pids)); !slices.Equal(got, names) {
			t.Fatalf("%q run, want %q", got, names)
		}
		seen = slices.AppendSeq(seen, maps.Values(pids))
		return pids
	}
	old := processes("jobmanager", "taskmanager-0")
	overview(ctx, t, c)

	if err := c.KillTaskManager(0); err != nil {
		t.Fatal(err)
	}
	processes("jobmanager")
	if err := c.StartTaskManager(ctx, 0); err != nil {
		t.Fatal(err)
	}
	overview(ctx, t, c)
	if err := c.KillJobManager(); err != nil {
		t.Fatal(err)
	}
	processes("taskmanager-0")
	if err := c.StartJobManager(ctx); err != nil {
		t.Fatal(err)
	}
	overview(ctx, t, c)
	for name, pid := range processes("jobmanager", "taskmanager-0") {
		if pid == old[name] {
			t.Errorf("%s is the process that was killed", name)
		}
	}

	addr, err := c.StartJobServer(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.KillJobServer(); err != nil {
		t.Fatal(err)
	}
	if services.Listens(addr) {
		t.Error("a job server that was killed takes connections")
	}
	if again, err := c.StartJobServer(ctx); err != nil || again != addr || !services.Listens(addr) {
		t.Errorf("the job server is at %s, and was at %s: %v", again, addr, err)
	}
	if _, err := c.StartJobServer(ctx); err == nil {
		t.Error("a second job server was started beside the first one")
	}
	processes("jobmanager", "jobserver", "taskmanager-0")
	err = services.Await(ctx, time.Minute, func() bool {
		n, err := c.Metaspace(ctx)
		return err == nil && n > 10<<20
	})
	if err != nil {
		t.Error("the metaspace:", err)
	}

	if err := errors.Join(c.Stop(), c.Stop()); err != nil {
		t.Error(err)
	}
	processes()
	for _, pid := range seen {
		if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
			t.Errorf("process %d is still there: %v", pid, err)
		}
	}
}

// overview holds that the cluster is one of two free slots.
func overview(ctx context.Context, t *testing.T, c *Cluster) {
	t.Helper()
	var got struct {
		TaskManagers int    `json:"taskmanagers"`
		Slots        int    `json:"slots-total"`
		Free         int    `json:"slots-available"`
		Version      string `json:"flink-version"`
	}
	if err := c.get(ctx, "/overview", &got); err != nil {
		t.Fatal(err)
	}
	if got.TaskManagers != 1 || got.Slots != 2 || got.Free != 2 || got.Version != Version {
		t.Errorf("the cluster is %+v", got)
	}
}

// TestJobServerJar: what the jar has of Flink is what the cluster has, since both are in one classpath; and it says which Flink it
// is for.
func TestJobServerJar(t *testing.T) {
	if testing.Short() {
		t.Skip("installs Flink and Beam")
	}
	dist, err := Install(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	jar, err := JobServer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	flink, server := sums(t, filepath.Join(dist, "lib", "flink-dist-"+Version+".jar")), sums(t, jar)
	shared := 0
	for name, sum := range server {
		want, ok := flink[name]
		if !ok || !strings.HasPrefix(name, "org/apache/flink/") || !strings.HasSuffix(name, ".class") {
			continue
		}
		shared++
		if sum != want {
			t.Errorf("%s is not Flink %s's", name, Version)
		}
	}
	if shared < 10000 {
		t.Errorf("the jar has %d classes of Flink's", shared)
	}
	for _, name := range []string{"META-INF/maven/org.apache.beam/beam-runners-flink-1.19/pom.properties", "org/apache/beam/runners/flink/FlinkJobServerDriver.class"} {
		if _, ok := server[name]; !ok {
			t.Errorf("the jar has no %s", name)
		}
	}
}

// sums are the checksums of a jar's files.
func sums(t *testing.T, jar string) map[string]uint32 {
	t.Helper()
	z, err := zip.OpenReader(jar)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	out := map[string]uint32{}
	for _, f := range z.File {
		out[f.Name] = f.CRC32
	}
	return out
}

// TestVersions: the project file and the constants name the same versions.
func TestVersions(t *testing.T) {
	for _, want := range []string{"<beam.version>" + BeamVersion + "</beam.version>", "<flink.version>" + Version + "</flink.version>"} {
		if !strings.Contains(string(jobServerPOM), want) {
			t.Errorf("jobserver.xml does not say %s", want)
		}
	}
}
