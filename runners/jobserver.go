package runners

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	jobpb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/jobmanagement_v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/glulam/glulam/fault"
	"github.com/glulam/glulam/runners/flink"
)

// jobServer is Beam's job server for Flink.
type jobServer struct {
	client jobpb.JobServiceClient
	conn   *grpc.ClientConn
	cmd    *exec.Cmd // nil: it is not ours
	exited chan error
	dir    string // of its own; "" likewise
}

const (
	// serverPatience is how long a job server may take to answer, and startPatience how long to start.
	serverPatience = 5 * time.Second
	startPatience  = time.Minute
)

// openJobServer finds the job server, or starts it from its jar.
func openJobServer(ctx context.Context, o *flink.Options, cluster *flink.Client) (*jobServer, error) {
	s := &jobServer{}
	address, patience := o.JobServer, serverPatience
	if strings.HasSuffix(o.JobServer, ".jar") {
		if err := suits(ctx, o.JobServer, cluster); err != nil {
			return nil, err
		}
		var err error
		if address, err = s.start(o); err != nil {
			return nil, err
		}
		patience = startPatience
	}
	if err := s.reach(ctx, address, patience); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// suits says whether the jar is for the cluster's version of Flink, as far as the jar tells.
func suits(ctx context.Context, jar string, cluster *flink.Client) error {
	if cluster == nil {
		return nil
	}
	version, err := flinkOf(jar)
	if err != nil {
		return fault.New(fault.Unreadable, jar, "it is no jar: %w", err).OnField("job-server")
	}
	over, err := cluster.Overview(ctx)
	if err != nil || version == "" || version == minor(over.Version) {
		return err
	}
	return fault.New(fault.Mismatch, jar, "it is for Flink %s, and the cluster has %s", version, over.Version).OnField("job-server").
		WithHint("take beam-runners-flink-%s-job-server", minor(over.Version))
}

// minor is a version without what stands behind its second number.
func minor(version string) string {
	if parts := strings.SplitN(version, ".", 3); len(parts) == 3 {
		return parts[0] + "." + parts[1]
	}
	return version
}

// flinkOf is the version of Flink that a job server's jar is for; "" if nothing in it tells.
func flinkOf(jar string) (string, error) {
	z, err := zip.OpenReader(jar)
	if err != nil {
		return "", err
	}
	defer z.Close()
	for _, f := range z.File {
		if v, ok := strings.CutPrefix(f.Name, "META-INF/maven/org.apache.beam/beam-runners-flink-"); ok {
			v, _, _ = strings.Cut(v, "/")
			return strings.TrimSuffix(v, "-job-server"), nil
		}
	}
	for _, f := range z.File {
		if f.Name != "META-INF/maven/org.apache.flink/flink-core/pom.properties" {
			continue
		}
		text, err := fs.ReadFile(z, f.Name)
		if err != nil {
			return "", err
		}
		_, v, _ := strings.Cut(string(text), "version=")
		v, _, _ = strings.Cut(v, "\n")
		return minor(strings.TrimSpace(v)), nil
	}
	return "", nil
}

// start starts a job server from its jar.
func (s *jobServer) start(o *flink.Options) (address string, err error) {
	java, err := exec.LookPath("java")
	if err != nil {
		return "", fault.New(fault.NotFound, o.JobServer, "there is no java to start the job server with").
			WithHint("apt-get install openjdk-17-jre-headless, or the like of your system; or give --job-server host:port of one that runs").OnField("job-server")
	}
	if s.dir, err = os.MkdirTemp("", "glulam-job-server-"); err != nil {
		return "", err
	}
	port, err := freePort()
	if err != nil {
		return "", err
	}
	artifacts, err := freePort()
	if err != nil {
		return "", err
	}
	log, err := os.Create(filepath.Join(s.dir, "log"))
	if err != nil {
		return "", err
	}
	defer log.Close()
	args := []string{"-Xmx768m"}
	for _, p := range []string{"lang", "util", "nio", "time", "net", "util.concurrent", "lang.reflect", "text"} {
		args = append(args, "--add-opens=java.base/java."+p+"=ALL-UNNAMED")
	}
	args = append(args, "-jar", o.JobServer, "--flink-master="+strings.TrimPrefix(o.Cluster, "http://"), "--job-host=localhost", "--job-port="+strconv.Itoa(port),
		"--artifact-port="+strconv.Itoa(artifacts), "--expansion-port=-1", "--artifacts-dir="+filepath.Join(s.dir, "artifacts"))
	s.cmd = exec.Command(java, args...)
	s.cmd.Stdout, s.cmd.Stderr = log, log
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C is for us: the job may have to be told first
	endWithUs(s.cmd.SysProcAttr)
	started := make(chan error)
	s.exited = make(chan error, 1)
	go func(cmd *exec.Cmd) {
		runtime.LockOSThread() // endWithUs goes by the thread that starts it
		err := cmd.Start()
		if started <- err; err == nil {
			s.exited <- cmd.Wait()
		}
	}(s.cmd)
	if err := <-started; err != nil {
		s.cmd = nil
		return "", err
	}
	return net.JoinHostPort("localhost", strconv.Itoa(port)), nil
}

// reach waits until a job server answers.
func (s *jobServer) reach(ctx context.Context, address string, patience time.Duration) (err error) {
	if s.conn, err = grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(256<<20))); err != nil {
		return fault.New(fault.Usage, address, "%w", err).OnField("job-server")
	}
	s.client = jobpb.NewJobServiceClient(s.conn)
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("no answer within %s", patience))
	defer cancel()
	for {
		_, err := s.client.GetJobs(ctx, &jobpb.GetJobsRequest{})
		if err == nil {
			return nil
		}
		select {
		case werr := <-s.exited:
			s.cmd = nil
			return fault.New(fault.Unreadable, address, "the job server ended at once: %w: %s", werr, s.tail()).OnField("job-server")
		case <-ctx.Done():
			return fault.New(fault.Unreadable, address, "no job server answers: %w", errors.Join(context.Cause(ctx), err)).OnField("job-server").
				WithHint("is Beam's job server for Flink running there? --job-server path.jar starts one")
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// tail is the end of the server's log.
func (s *jobServer) tail() string {
	text, _ := os.ReadFile(filepath.Join(s.dir, "log"))
	return strings.TrimSpace(string(text[max(0, len(text)-2000):]))
}

// close ends what was opened, and the server if it is ours: jobs go on.
func (s *jobServer) close() {
	if s.conn != nil {
		s.conn.Close()
	}
	if s.cmd != nil {
		s.cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-s.exited:
		case <-time.After(5 * time.Second):
			s.cmd.Process.Kill()
			<-s.exited
		}
	}
	if s.dir != "" {
		os.RemoveAll(s.dir)
	}
}
