package deploy_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/glulam/glulam/internal/cli"
	"github.com/glulam/glulam/internal/services/flink"
	"github.com/glulam/glulam/pipelines"
)

// The images that are made here, and where.
var (
	glulamImage = "glulam:" + pipelines.Version
	flinkImage  = "glulam-flink:" + flink.Version
	dockerfiles = map[string]string{"Dockerfile": glulamImage, "flink/Dockerfile": flinkImage}
	manifests   = []string{"flink/kubernetes.yaml", "flink/submit.yaml"}
)

// jobServerJar is where the Flink image has it.
const jobServerJar = "/opt/flink/lib/beam-flink-job-server.jar"

func read(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.FromSlash(name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// instruction is one of a Dockerfile.
type instruction struct{ name, text string }

// stages gives the instructions of a Dockerfile's stages, each from its FROM on.
func stages(t *testing.T, name string) (all [][]instruction) {
	t.Helper()
	for _, line := range strings.Split(strings.ReplaceAll(read(t, name), "\\\n", " "), "\n") {
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		word, text, _ := strings.Cut(line, " ")
		i := instruction{word, strings.Join(strings.Fields(text), " ")}
		if i.name == "FROM" {
			all = append(all, nil)
		}
		if len(all) == 0 {
			t.Fatalf("%s: %s stands before the first FROM", name, i.name)
		}
		all[len(all)-1] = append(all[len(all)-1], i)
	}
	return all
}

// base is the image that a stage begins with.
func base(stage []instruction) string {
	words := slices.DeleteFunc(strings.Fields(stage[0].text), func(w string) bool { return strings.HasPrefix(w, "--") })
	return words[0]
}

// texts are those of a stage's instructions of a name.
func texts(stage []instruction, name string) (all []string) {
	for _, i := range stage {
		if i.name == name {
			all = append(all, i.text)
		}
	}
	return all
}

// pinned fails the test for an image without a tag that stays what it is.
func pinned(t *testing.T, where, image string) {
	t.Helper()
	_, tag, ok := strings.Cut(image[strings.LastIndexByte(image, '/')+1:], ":")
	if !ok || tag == "" || tag == "latest" {
		t.Errorf("%s: the image %s has no tag that says which", where, image)
	}
}

// goVersion is the Go release of go.mod, such as 1.26.
func goVersion(t *testing.T) string {
	t.Helper()
	m := regexp.MustCompile(`(?m)^go (\d+\.\d+)(\.\d+)?$`).FindStringSubmatch(read(t, "../go.mod"))
	if m == nil {
		t.Fatal("go.mod has no line go")
	}
	return m[1]
}

// TestDockerfiles holds the bases' versions, that nothing runs as root, and that what is copied is there.
func TestDockerfiles(t *testing.T) {
	for name := range dockerfiles {
		all := stages(t, name)
		for _, stage := range all {
			pinned(t, name, base(stage))
			for _, text := range texts(stage, "COPY") {
				words := strings.Fields(text)
				if strings.Contains(text, "--from=") {
					continue
				}
				for _, w := range words[:len(words)-1] {
					if _, err := os.Stat(filepath.Join("..", w)); err != nil {
						t.Errorf("%s copies %s, which is not there", name, w)
					}
				}
			}
		}
		last := all[len(all)-1]
		user := texts(last, "USER")
		if len(user) == 0 || !nobody(user[len(user)-1]) {
			t.Errorf("%s: the last stage runs as %q, and not as a number that is not root's", name, user)
		}
	}
	glulam := stages(t, "Dockerfile")
	if want := "golang:" + goVersion(t); base(glulam[0]) != want {
		t.Errorf("Dockerfile builds with %s, and go.mod wants %s", base(glulam[0]), want)
	}
	if got := base(glulam[len(glulam)-1]); !strings.HasPrefix(got, "gcr.io/distroless/static-") || !strings.HasSuffix(got, ":nonroot") {
		t.Errorf("the image has %s under it", got)
	}
	build := strings.Join(texts(glulam[0], "RUN"), "\n")
	for _, want := range []string{"CGO_ENABLED=0", "GOOS=$TARGETOS", "GOARCH=$TARGETARCH", "-buildvcs=false", "-trimpath"} {
		if !strings.Contains(build, want) {
			t.Errorf("Dockerfile builds without %s", want)
		}
	}
	if args := texts(glulam[0], "ARG"); !slices.Contains(args, "TARGETARCH") || !slices.Contains(args, "TARGETOS") { // a default would win
		t.Errorf("Dockerfile does not take what it builds for: %q", args)
	}
	cluster := stages(t, "flink/Dockerfile")
	if want := "flink:" + flink.Version + "-java17"; base(cluster[1]) != want {
		t.Errorf("flink/Dockerfile stands on %s, and internal/services/flink has %s", base(cluster[1]), want)
	}
	if copies := strings.Join(texts(cluster[1], "COPY"), "\n"); !strings.Contains(copies, "/target/job-server.jar "+jobServerJar) {
		t.Errorf("flink/Dockerfile copies no job server to %s: %s", jobServerJar, copies)
	}
	pom := read(t, "../internal/services/flink/jobserver.xml")
	for _, want := range []string{
		"<flink.version>" + flink.Version + "</flink.version>", "<beam.version>" + flink.BeamVersion + "</beam.version>", "<finalName>job-server</finalName>",
	} {
		if !strings.Contains(pom, want) {
			t.Errorf("jobserver.xml has no %s", want)
		}
	}
	for name, image := range dockerfiles {
		if want := "docker build -f deploy/" + name + " -t " + image + " ."; !strings.Contains(read(t, name), want) || !strings.Contains(read(t, "README.md"), want) {
			t.Errorf("%s and README.md do not both say %q", name, want)
		}
	}
}

// nobody says whether a user, perhaps with its group, is a number that is not root's.
func nobody(user string) bool {
	return regexp.MustCompile(`^[1-9]\d*(:[1-9]\d*)?$`).MatchString(user)
}

// service is one of compose.yaml.
type service struct {
	Image       string
	Build       struct{ Context, Dockerfile string }
	User        string
	Command     []string
	NetworkMode string   `yaml:"network_mode"`
	DependsOn   []string `yaml:"depends_on"`
	Ports       []string
	Volumes     []string
	Environment map[string]string
	Privileged  bool
}

func compose(t *testing.T) map[string]service {
	t.Helper()
	var file struct {
		Services map[string]service
		Volumes  map[string]any
	}
	if err := yaml.Unmarshal([]byte(read(t, "flink/compose.yaml")), &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Services) == 0 {
		t.Fatal("compose.yaml has no services")
	}
	return file.Services
}

var substitution = regexp.MustCompile(`\$\{[A-Z_]+:-([^}]*)\}`)

// TestCompose holds images, users, folders and addresses of the cluster for one machine.
func TestCompose(t *testing.T) {
	services := compose(t)
	for name, s := range services {
		if file, err := filepath.Rel("..", filepath.Join("..", s.Build.Dockerfile)); err != nil || dockerfiles[strings.TrimPrefix(filepath.ToSlash(file), "deploy/")] != s.Image {
			t.Errorf("%s: %s is not what %s makes", name, s.Image, s.Build.Dockerfile)
		}
		if s.Build.Context != "../.." {
			t.Errorf("%s is built of %s", name, s.Build.Context)
		}
		if user := substitution.ReplaceAllString(s.User, "$1"); user != "" && !nobody(user) {
			t.Errorf("%s runs as %s", name, user)
		}
		if s.Privileged {
			t.Errorf("%s is privileged", name)
		}
		for _, p := range s.Ports {
			if !strings.HasPrefix(p, "127.0.0.1:") {
				t.Errorf("%s: %s is for everybody, and asks nobody for a password", name, p)
			}
		}
		for _, d := range s.DependsOn {
			if _, ok := services[d]; !ok {
				t.Errorf("%s depends on %s, which there is not", name, d)
			}
		}
	}
	for _, name := range []string{"worker", "submit"} {
		if got := services[name].Volumes; len(got) != 1 || !strings.HasSuffix(got[0], ":/data") {
			t.Errorf("%s has %q, want one folder as /data", name, got)
		}
	}
	if got := services["worker"].NetworkMode; got != "service:taskmanager" {
		t.Errorf("the worker is in the network %q, where the TaskManager does not find it", got)
	}
	config := map[string]string{}
	for _, line := range strings.Split(strings.TrimSpace(services["jobmanager"].Environment["FLINK_PROPERTIES"]), "\n") {
		key, value, ok := strings.Cut(line, ": ") // the image's script knows no YAML
		if !ok || strings.Contains(line, "#") {
			t.Errorf("FLINK_PROPERTIES: %q is no setting", line)
		}
		config[key] = value
	}
	if got := config["jobmanager.rpc.address"]; services[got].Image == "" || !slices.Equal(services[got].Command, []string{"jobmanager"}) {
		t.Errorf("jobmanager.rpc.address is %q, where no JobManager is", got)
	}
	checkConfig(t, "compose.yaml", config)
	for _, key := range []string{"state.checkpoints.dir", "state.savepoints.dir"} {
		if dir := strings.TrimPrefix(config[key], "file://"); !strings.HasPrefix(dir, "/opt/flink/state/") || !slices.Contains(services["taskmanager"].Volumes, "state:/opt/flink/state") {
			t.Errorf("%s is %s, which JobManager and TaskManager do not share", key, dir)
		}
	}
	checkCluster(t, "compose.yaml", cluster{
		rest: "jobmanager:8081", worker: services["worker"].Command, jobServer: services["job-server"].Command, jobServerHost: "job-server",
		submit: services["submit"].Command, slots: config["taskmanager.numberOfTaskSlots"], taskManagers: 1,
	})
}

// checkConfig holds what a Flink cluster needs against what the tests' cluster has.
func checkConfig(t *testing.T, where string, config map[string]string) {
	t.Helper()
	var tested map[string]any
	text := regexp.MustCompile(`\{\{[^}]*\}\}`).ReplaceAllString(read(t, "../internal/services/flink/config.yaml"), "1")
	if err := yaml.Unmarshal([]byte(text), &tested); err != nil {
		t.Fatal(err)
	}
	for key := range config {
		if _, ok := tested[key]; !ok && !strings.HasPrefix(key, "high-availability.") {
			t.Errorf("%s sets %s, which the tests' cluster does not set", where, key)
		}
	}
	for _, key := range []string{"classloader.resolve-order", "state.backend.type"} {
		if got, want := config[key], strings.TrimSpace(lineOf(text, key)); got != want {
			t.Errorf("%s has %s: %s, and the tests' cluster %s", where, key, got, want)
		}
	}
}

// lineOf is a setting's text.
func lineOf(text, key string) string {
	for _, line := range strings.Split(text, "\n") {
		if v, ok := strings.CutPrefix(line, key+": "); ok {
			return v
		}
	}
	return ""
}

// cluster is what a file starts.
type cluster struct {
	rest          string // address of the JobManager's REST interface
	worker        []string
	jobServer     []string
	jobServerHost string // name by which others reach it
	submit        []string
	slots         string
	taskManagers  int
}

// checkCluster holds that flags are flags, and that addresses lead to somebody who listens there.
func checkCluster(t *testing.T, where string, c cluster) {
	t.Helper()
	checkGlulam(t, where, c.worker)
	checkGlulam(t, where, c.submit)
	checkJobServer(t, where, c.jobServer)
	worker, server, submit := flagsOf(c.worker), flagsOf(c.jobServer), flagsOf(c.submit)
	for _, same := range []struct{ what, got, want string }{
		{"the pool's address", worker["--listen"], docWorkers(t)},
		{"--workers", submit["--workers"], worker["--listen"]},
		{"--flink", submit["--flink"], c.rest},
		{"the job server's --flink-master", server["--flink-master"], c.rest},
		{"--job-host", server["--job-host"], c.jobServerHost},
		{"--job-server", submit["--job-server"], c.jobServerHost + ":" + server["--job-port"]},
		{"--runner", submit["--runner"], "flink"},
	} {
		if same.got != same.want {
			t.Errorf("%s: %s is %q, want %q", where, same.what, same.got, same.want)
		}
	}
	for _, name := range []string{"--model", "--input", "--output"} {
		if !strings.HasPrefix(submit[name], "/data/") {
			t.Errorf("%s: %s %s is not in the folder that workers have", where, name, submit[name])
		}
	}
	if got, want := number(t, submit["--parallelism"]), c.taskManagers*number(t, c.slots); got > want {
		t.Errorf("%s: the job wants %d slots, and the cluster has %d", where, got, want)
	}
}

func number(t *testing.T, text string) (n int) {
	t.Helper()
	for _, r := range text {
		if r < '0' || r > '9' {
			t.Fatalf("%q is no number", text)
		}
		n = n*10 + int(r-'0')
	}
	return n
}

// docWorkers is the address of the pool in docs/flink.md, which has but one.
func docWorkers(t *testing.T) string {
	t.Helper()
	found := map[string]bool{}
	for _, m := range regexp.MustCompile(`--(?:workers|listen) (\S+:\d+)`).FindAllStringSubmatch(read(t, "../docs/flink.md"), -1) {
		found[m[1]] = true
	}
	if len(found) != 1 {
		t.Fatalf("docs/flink.md has pools at %v", found)
	}
	for address := range found {
		return address
	}
	return ""
}

// flagsOf gives the flags of a command with their values, written as one word or two.
func flagsOf(command []string) map[string]string {
	flags := map[string]string{}
	for i, w := range command {
		if !strings.HasPrefix(w, "--") {
			continue
		}
		name, value, bound := strings.Cut(w, "=")
		if !bound && i+1 < len(command) && !strings.HasPrefix(command[i+1], "--") {
			value = command[i+1]
		}
		flags[name] = value
	}
	return flags
}

// flag is one in glulam's help.
var flag = regexp.MustCompile(`(?m)^  (--[a-z][a-z-]*)`)

// glulamFlags are those that a command of glulam has, by its help.
func glulamFlags(t *testing.T, command ...string) []string {
	t.Helper()
	var out, errs bytes.Buffer
	if code := cli.Main(append(command, "--help"), strings.NewReader(""), &out, &errs); code != 0 {
		t.Fatalf("glulam %s --help: %s", strings.Join(command, " "), errs.String())
	}
	var flags []string
	for _, m := range flag.FindAllStringSubmatch(out.String(), -1) {
		flags = append(flags, m[1])
	}
	return flags
}

// checkGlulam holds that a container's command is one of glulam with flags that it has.
func checkGlulam(t *testing.T, where string, command []string) {
	t.Helper()
	if len(command) == 0 {
		t.Errorf("%s: there is no command", where)
		return
	}
	have := glulamFlags(t, command[0])
	for name, value := range flagsOf(command) {
		if !slices.Contains(have, name) || value == "" {
			t.Errorf("%s: glulam %s has no flag %s=%s", where, command[0], name, value)
		}
	}
}

// checkJobServer holds that the job server is started as package runners does it.
func checkJobServer(t *testing.T, where string, command []string) {
	t.Helper()
	source := read(t, "../runners/jobserver.go")
	if len(command) == 0 || command[0] != "java" {
		t.Fatalf("%s: the job server is started by %q", where, command)
	}
	at := slices.Index(command, "-jar")
	if at < 0 || at+1 == len(command) || command[at+1] != jobServerJar {
		t.Fatalf("%s: the job server's jar is not %s", where, jobServerJar)
	}
	for _, w := range command[at+2:] {
		if name, _, _ := strings.Cut(w, "="); !strings.Contains(source, `"`+name+`=`) {
			t.Errorf("%s: runners/jobserver.go starts the job server without %s", where, name)
		}
	}
	for _, m := range regexp.MustCompile(`"(--[a-z-]+)=`).FindAllStringSubmatch(source, -1) {
		if _, ok := flagsOf(command)[m[1]]; !ok && m[1] != "--add-opens" {
			t.Errorf("%s: runners/jobserver.go starts the job server with %s", where, m[1])
		}
	}
	list := regexp.MustCompile(`range \[\]string\{([^}]*)\}`).FindStringSubmatch(source)
	if list == nil {
		t.Fatal("runners/jobserver.go has no list of Java's packages")
	}
	var want []string
	for _, p := range strings.Split(list[1], ", ") {
		want = append(want, "--add-opens=java.base/java."+strings.Trim(p, `"`)+"=ALL-UNNAMED")
	}
	got := slices.DeleteFunc(slices.Clone(command[:at]), func(w string) bool { return !strings.HasPrefix(w, "--add-opens=") })
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("%s opens %q for the job server, and runners/jobserver.go %q", where, got, want)
	}
	if memory := command[1]; !strings.Contains(source, `"`+memory+`"`) {
		t.Errorf("%s: runners/jobserver.go starts the job server without %s", where, memory)
	}
}

// TestIgnored holds that the images are built without what is large and none of them.
func TestIgnored(t *testing.T) {
	for name := range dockerfiles {
		lines := strings.Fields(read(t, name+".dockerignore"))
		for _, dir := range []string{".git", ".cache"} {
			if !slices.Contains(lines, dir) && !slices.Contains(lines, "*") {
				t.Errorf("%s is built with %s", name, dir)
			}
		}
	}
}

// TestComposeFile asks Docker Compose itself, where it is.
func TestComposeFile(t *testing.T) {
	if err := exec.Command("docker", "compose", "version").Run(); err != nil {
		t.Skip("there is no docker compose")
	}
	if out, err := exec.Command("docker", "compose", "-f", "flink/compose.yaml", "config", "-q").CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}
