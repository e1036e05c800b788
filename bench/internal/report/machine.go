package report

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Machine is where and when something was measured.
type Machine struct {
	Date   string `json:"date"`
	System string `json:"system"`
	CPU    string `json:"cpu"`   // "": not known
	Flags  string `json:"flags"` // of the processor, those that engines of trees use; "": not known
	Cores  int    `json:"cores"`
	Memory int64  `json:"memory_bytes"` // 0: not known
	Go     string `json:"go"`
}

// flags are those that tell which instructions an engine may use.
var flags = []string{"avx", "avx2", "avx512f", "avx512bw", "avx512vl", "avx512_vbmi", "avx512_vbmi2", "avx512_bitalg", "bmi2", "fma", "asimd", "sve"}

// ThisMachine looks at the one that it runs on. What only Linux tells is left out elsewhere.
func ThisMachine() Machine {
	info, _ := os.ReadFile("/proc/cpuinfo")
	memory, _ := os.ReadFile("/proc/meminfo")
	kB, _ := strconv.ParseInt(strings.TrimSuffix(field(memory, "MemTotal"), " kB"), 10, 64)
	all := strings.Fields(field(info, "flags"))
	if len(all) == 0 {
		all = strings.Fields(field(info, "Features"))
	}
	return Machine{
		Date: time.Now().UTC().Format("2006-01-02 15:04 UTC"), System: runtime.GOOS + "/" + runtime.GOARCH,
		CPU: field(info, "model name"), Cores: runtime.NumCPU(), Memory: kB << 10, Go: strings.TrimPrefix(runtime.Version(), "go"),
		Flags: strings.Join(slices.DeleteFunc(slices.Clone(flags), func(f string) bool { return !slices.Contains(all, f) }), " "),
	}
}

// field is the first value of a name in a file of "name : value" lines; "" if it is not there.
func field(text []byte, name string) string {
	for line := range bytes.Lines(text) {
		key, value, ok := bytes.Cut(line, []byte{':'})
		if ok && string(bytes.TrimSpace(key)) == name {
			return string(bytes.TrimSpace(value))
		}
	}
	return ""
}

// Lines are the machine as list items of a report, without the dashes; versions come after Go's, empty ones are left out.
func (m Machine) Lines(versions ...string) []string {
	memory, flags, version := "", "", ""
	if m.Memory > 0 {
		memory = fmt.Sprintf("%.0f GiB of memory", float64(m.Memory)/(1<<30))
	}
	if m.Flags != "" {
		flags = "with " + m.Flags
	}
	if m.Go != "" {
		version = "Go " + m.Go
	}
	return []string{m.Date, join(m.CPU, fmt.Sprintf("%d cores", m.Cores), memory, m.System, flags), join(append([]string{version}, versions...)...)}
}

func join(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), ", ")
}

// stolen is CPU time of all cores, in ticks: what the host of a virtual machine gave to others, and all there was; 0 where it is
// not known.
func stolen() (steal, all int64) {
	text, _ := os.ReadFile("/proc/stat")
	line, _, _ := strings.Cut(string(text), "\n")
	for i, f := range strings.Fields(line) {
		n, _ := strconv.ParseInt(f, 10, 64)
		if i >= 1 && i <= 8 {
			all += n
		}
		if i == 8 {
			steal = n
		}
	}
	return steal, all
}

// Watch starts to watch the machine; the function that it gives says, for the end of a report, how much of the cores' time the
// host gave to others since. It says nothing where that is not known.
func Watch() func() string {
	steal, all := stolen()
	return func() string {
		s, a := stolen()
		if a <= all {
			return ""
		}
		return fmt.Sprintf("Of the cores' time, the host gave %.0f%% to others while this was measured.", 100*float64(s-steal)/float64(a-all))
	}
}
