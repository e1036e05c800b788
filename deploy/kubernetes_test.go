package deploy_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/glulam/glulam/internal/services/flink"
)

// object is what Kubernetes has many kinds of, as far as it is looked at here.
type object struct {
	APIVersion string `yaml:"apiVersion"`
	Kind       string
	Metadata   struct {
		Name         string
		GenerateName string `yaml:"generateName"`
	}
	Spec struct {
		// of a FlinkDeployment
		Image              string
		FlinkVersion       string            `yaml:"flinkVersion"`
		Mode               string            `yaml:"mode"`
		ServiceAccount     string            `yaml:"serviceAccount"`
		FlinkConfiguration map[string]string `yaml:"flinkConfiguration"`
		PodTemplate        pod               `yaml:"podTemplate"`
		JobManager         role              `yaml:"jobManager"`
		TaskManager        role              `yaml:"taskManager"`
		Job                any

		// of others
		Template pod
		Selector map[string]any
		Ports    []struct {
			Name       string
			Port       int
			TargetPort string `yaml:"targetPort"`
		}
		AccessModes  []string `yaml:"accessModes"`
		BackoffLimit *int     `yaml:"backoffLimit"`
	}
}

type role struct {
	Replicas    int
	Resource    map[string]any
	PodTemplate pod `yaml:"podTemplate"`
}

type pod struct {
	Metadata struct{ Labels map[string]string }
	Spec     struct {
		SecurityContext security `yaml:"securityContext"`
		RestartPolicy   string   `yaml:"restartPolicy"`
		Containers      []container
		InitContainers  []container `yaml:"initContainers"`
		Volumes         []struct {
			Name  string
			Claim struct {
				Name string `yaml:"claimName"`
			} `yaml:"persistentVolumeClaim"`
		}
	}
}

type security struct {
	NonRoot    bool `yaml:"runAsNonRoot"`
	User       int  `yaml:"runAsUser"`
	Privileged bool
}

type container struct {
	Name, Image string
	Command     []string
	Args        []string
	Ports       []struct {
		Name          string
		ContainerPort int `yaml:"containerPort"`
	}
	VolumeMounts []struct {
		Name      string
		MountPath string `yaml:"mountPath"`
	} `yaml:"volumeMounts"`
	SecurityContext security `yaml:"securityContext"`
}

// mounts says whether a container has /data, by a volume of the pods that is the claim.
func (c *container) mounts(claim string, pods ...pod) bool {
	for _, m := range c.VolumeMounts {
		for _, p := range pods {
			for _, v := range p.Spec.Volumes {
				if m.MountPath == "/data" && v.Name == m.Name && v.Claim.Name == claim {
					return true
				}
			}
		}
	}
	return false
}

// objects gives those of a file.
func objects(t *testing.T, name string) (all []object) {
	t.Helper()
	for d := yaml.NewDecoder(bytes.NewReader([]byte(read(t, name)))); ; {
		var o object
		switch err := d.Decode(&o); {
		case errors.Is(err, io.EOF):
			return all
		case err != nil:
			t.Fatalf("%s: %v", name, err)
		}
		if o.APIVersion == "" || o.Kind == "" || o.Metadata.Name+o.Metadata.GenerateName == "" {
			t.Errorf("%s: a %s/%s without a name or a kind", name, o.APIVersion, o.Kind)
		}
		all = append(all, o)
	}
}

// only gives the one of a kind.
func only(t *testing.T, kind string) *object {
	t.Helper()
	var found []*object
	for _, name := range manifests {
		for _, o := range objects(t, name) {
			if o.Kind == kind {
				found = append(found, &o)
			}
		}
	}
	if len(found) != 1 {
		t.Fatalf("there are %d of the kind %s", len(found), kind)
	}
	return found[0]
}

// find gives the container of a name.
func (p *pod) find(t *testing.T, name string) *container {
	t.Helper()
	i := slices.IndexFunc(p.Spec.Containers, func(c container) bool { return c.Name == name })
	if i < 0 {
		t.Fatalf("there is no container %s", name)
	}
	return &p.Spec.Containers[i]
}

// TestKubernetes holds the manifests against one another, and against what they start.
func TestKubernetes(t *testing.T) {
	cl, server, service, submit, claim := only(t, "FlinkDeployment"), only(t, "Deployment"), only(t, "Service"), only(t, "Job"), only(t, "PersistentVolumeClaim")
	minor := strings.Split(flink.Version, ".")
	if want := fmt.Sprintf("v%s_%s", minor[0], minor[1]); cl.Spec.FlinkVersion != want || cl.Spec.Image != flinkImage {
		t.Errorf("the cluster is %s of %s, want %s of %s", cl.Spec.FlinkVersion, cl.Spec.Image, want, flinkImage)
	}
	if cl.Spec.Mode != "standalone" {
		t.Errorf("the cluster's mode is %q: it has no slots until a job is there", cl.Spec.Mode)
	}
	if cl.Spec.Job != nil {
		t.Error("the cluster is for one job")
	}
	if cl.Spec.JobManager.Replicas < 1 || cl.Spec.TaskManager.Replicas < 1 {
		t.Error("the cluster has no JobManager or no TaskManager")
	}
	config := cl.Spec.FlinkConfiguration
	checkConfig(t, "kubernetes.yaml", config)
	for _, key := range []string{"state.checkpoints.dir", "state.savepoints.dir", "high-availability.storageDir"} {
		if !strings.HasPrefix(config[key], "file:///data/") {
			t.Errorf("%s is %q, which not all pods see", key, config[key])
		}
	}
	const main = "flink-main-container" // the operator's name for it
	all, tasks := cl.Spec.PodTemplate, cl.Spec.TaskManager.PodTemplate
	tasks.find(t, main)
	worker, jobs, job := tasks.find(t, "glulam-worker"), server.Spec.Template.find(t, "job-server"), submit.Spec.Template.find(t, "glulam")
	for what, ok := range map[string]bool{
		"Flink":         all.find(t, main).mounts(claim.Metadata.Name, all),
		"the worker":    worker.mounts(claim.Metadata.Name, all, tasks),
		"the submitter": job.mounts(claim.Metadata.Name, submit.Spec.Template),
	} {
		if !ok {
			t.Errorf("%s has no %s as /data", what, claim.Metadata.Name)
		}
	}
	if !slices.Contains(claim.Spec.AccessModes, "ReadWriteMany") {
		t.Errorf("%s is for %q, and many pods mount it", claim.Metadata.Name, claim.Spec.AccessModes)
	}
	if worker.Image != glulamImage || job.Image != glulamImage || jobs.Image != flinkImage {
		t.Errorf("images are %s, %s and %s, want %s and %s", worker.Image, job.Image, jobs.Image, glulamImage, flinkImage)
	}
	if submit.Spec.BackoffLimit == nil || *submit.Spec.BackoffLimit != 0 || submit.Spec.Template.Spec.RestartPolicy != "Never" {
		t.Error("a submitter that failed is started again, and its job may still run")
	}
	checkCluster(t, "kubernetes.yaml", cluster{
		rest: cl.Metadata.Name + "-rest:8081", worker: worker.Args, jobServer: jobs.Args, jobServerHost: service.Metadata.Name,
		submit: job.Args, slots: config["taskmanager.numberOfTaskSlots"], taskManagers: cl.Spec.TaskManager.Replicas,
	})
	checkService(t, service, &server.Spec.Template, jobs)
}

// checkService holds that the job server's service leads to its ports.
func checkService(t *testing.T, service *object, p *pod, jobs *container) {
	t.Helper()
	flags, opened := flagsOf(jobs.Args), map[string]string{}
	for _, port := range jobs.Ports {
		opened[port.Name] = fmt.Sprint(port.ContainerPort)
	}
	for name, flag := range map[string]string{"jobs": "--job-port", "artifacts": "--artifact-port"} {
		i := slices.IndexFunc(service.Spec.Ports, func(p struct {
			Name       string
			Port       int
			TargetPort string `yaml:"targetPort"`
		}) bool {
			return p.Name == name
		})
		if i < 0 || service.Spec.Ports[i].TargetPort != name || fmt.Sprint(service.Spec.Ports[i].Port) != flags[flag] || opened[name] != flags[flag] {
			t.Errorf("the service's port %s does not lead to %s=%s", name, flag, flags[flag])
		}
	}
	for key, value := range service.Spec.Selector {
		if p.Metadata.Labels[key] != value {
			t.Errorf("the service looks for %s=%v, and the job server has %q", key, value, p.Metadata.Labels[key])
		}
	}
}

// TestNobodyIsRoot holds that every pod says so, and that every image is a certain one.
func TestNobodyIsRoot(t *testing.T) {
	for _, name := range manifests {
		for _, o := range objects(t, name) {
			base := &o.Spec.PodTemplate // of which the cluster's other pods are made
			pods := []*pod{base, &o.Spec.JobManager.PodTemplate, &o.Spec.TaskManager.PodTemplate, &o.Spec.Template}
			for _, p := range pods {
				for _, c := range slices.Concat(p.Spec.Containers, p.Spec.InitContainers) {
					where := name + ": " + c.Name
					if c.Image != "" {
						pinned(t, where, c.Image)
					}
					user := max(c.SecurityContext.User, p.Spec.SecurityContext.User)
					for _, b := range base.Spec.Containers {
						if b.Name == c.Name {
							user = max(user, b.SecurityContext.User)
						}
					}
					if user == 0 || !p.Spec.SecurityContext.NonRoot && !base.Spec.SecurityContext.NonRoot {
						t.Errorf("%s may run as root", where)
					}
					if c.SecurityContext.Privileged {
						t.Errorf("%s is privileged", where)
					}
				}
			}
		}
	}
}
