package runners

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/apache/beam/sdks/v2/go/container/tools"
	fnpb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/fnexecution_v1"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/util/grpcx"
	"google.golang.org/protobuf/proto"

	"github.com/glulam/glulam/fault"
)

// versionVariable is how a worker is told which version submitted the job.
const versionVariable = "GLULAM_VERSION"

// bootPatience is how long the runner may take to tell a worker of its endpoints.
const bootPatience = time.Minute

// Boots says whether a runner started this process as a worker's boot program: with --id and --provision_endpoint. It has to be known
// before anything else looks at the arguments.
func Boots(args []string) bool {
	return slices.ContainsFunc(args, func(a string) bool { return strings.HasPrefix(a, "--provision_endpoint=") })
}

// Boot is the boot program: it asks the runner for the worker's endpoints and becomes the worker. Nothing is staged: the binary is
// on the machine already. It returns only with an error. version is that of this program: a job that another one submitted is
// refused, and its submitter is told why.
func Boot(args []string, version string) error {
	get := func(name string) string {
		for _, a := range args {
			if v, ok := strings.CutPrefix(a, "--"+name+"="); ok {
				return strings.Trim(v, "'") // prism quotes it
			}
		}
		return ""
	}
	id := get("id")
	ctx, cancel := context.WithTimeout(grpcx.WriteWorkerID(context.Background(), id), bootPatience)
	defer cancel()
	info, err := tools.ProvisionInfo(ctx, get("provision_endpoint"))
	if err != nil {
		return fmt.Errorf("asking the runner for the worker's endpoints: %w", err)
	}
	control := info.GetControlEndpoint().GetUrl()
	if v := os.Getenv(versionVariable); v != "" && v != version {
		err := fault.New(fault.Mismatch, "", "the TaskManager has glulam %s, and %s submitted the job", version, v).
			WithHint("install that version on the TaskManagers' machines, or submit with this one")
		return errors.Join(err, refuse(id, control, fault.Wire(err)))
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	env := append(os.Environ(), "RUNNER_CAPABILITIES="+strings.Join(info.GetRunnerCapabilities(), " "))
	return syscall.Exec(self, workerArgs(self, id, info.GetLoggingEndpoint().GetUrl(), control), env)
}

// workerArgs start a binary as a worker.
func workerArgs(binary, id, logging, control string) []string {
	return []string{binary, "--worker=true", "--id=" + id, "--logging_endpoint=" + logging, "--control_endpoint=" + control}
}

// refuse is a worker that answers all it is asked to do with an error: that comes to the submitter, the end of a process does not.
func refuse(id, control string, why error) error {
	ctx := grpcx.WriteWorkerID(context.Background(), id)
	conn, err := grpcx.Dial(ctx, control, bootPatience)
	if err != nil {
		return fmt.Errorf("connecting to the runner: %w", err)
	}
	defer conn.Close()
	service := fnpb.NewBeamFnControlClient(conn)
	client, err := service.Control(ctx)
	if err != nil {
		return fmt.Errorf("connecting to the runner: %w", err)
	}
	for {
		asked, err := client.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("answering the runner: %w", err)
		}
		if b := asked.GetProcessBundle(); b != nil {
			if err := openData(ctx, service, b.GetProcessBundleDescriptorId()); err != nil {
				return err
			}
		}
		if err := client.Send(&fnpb.InstructionResponse{InstructionId: asked.GetInstructionId(), Error: why.Error()}); err != nil {
			return fmt.Errorf("answering the runner: %w", err)
		}
	}
}

// openData opens the streams of data of a bundle and takes nothing: a runner looks at no answer before that.
func openData(ctx context.Context, service fnpb.BeamFnControlClient, descriptor string) error {
	d, err := service.GetProcessBundleDescriptor(ctx, &fnpb.GetProcessBundleDescriptorRequest{ProcessBundleDescriptorId: descriptor})
	if err != nil {
		return fmt.Errorf("asking the runner what is to be done: %w", err)
	}
	for _, t := range d.GetTransforms() {
		if urn := t.GetSpec().GetUrn(); urn != "beam:runner:source:v1" && urn != "beam:runner:sink:v1" {
			continue
		}
		var port fnpb.RemoteGrpcPort
		if err := proto.Unmarshal(t.GetSpec().GetPayload(), &port); err != nil {
			return fmt.Errorf("the runner says no address of its data: %w", err)
		}
		conn, err := grpcx.Dial(ctx, port.GetApiServiceDescriptor().GetUrl(), bootPatience)
		if err != nil {
			return fmt.Errorf("connecting to the runner: %w", err)
		}
		if _, err := fnpb.NewBeamFnDataClient(conn).Data(ctx); err != nil { // it stays open until this process ends
			return fmt.Errorf("connecting to the runner: %w", err)
		}
	}
	return nil
}
