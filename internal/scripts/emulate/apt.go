package main

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
)

// keys are what Debian's package of its keys installs.
const keys = "/usr/share/keyrings/debian-archive-keyring.gpg"

// apt fetches packages of one release of Debian, whatever the machine's is, without installing any: it has its own lists, and needs no
// rights. apt checks signatures and sums.
type apt struct {
	dir     string
	options []string
}

// newApt gets the release's lists, into a folder in which it works.
func newApt(ctx context.Context, dir string) (*apt, error) {
	for _, program := range []string{"apt-get", "dpkg-deb"} {
		if _, err := exec.LookPath(program); err != nil {
			return nil, fmt.Errorf("there is no %s: only Debian's packages have what is needed (%w)", program, err)
		}
	}
	a := &apt{dir: filepath.Join(dir, "apt")}
	for _, d := range []string{"lists/partial", "cache/archives/partial", "packages"} {
		if err := os.MkdirAll(filepath.Join(a.dir, d), 0o755); err != nil {
			return nil, err
		}
	}
	a.options = []string{"-qq", "-o", "Dir::State::lists=" + filepath.Join(a.dir, "lists"), "-o", "Dir::Cache=" + filepath.Join(a.dir, "cache"), "-o", "APT::Sandbox::User="}
	mirror, err := a.mirror(ctx)
	if err != nil {
		return nil, err
	}
	sources := "Types: deb deb-src\nURIs: " + mirror + "\nSuites: " + release + "\nComponents: main\nArchitectures: amd64\n"
	if _, err := os.Stat(keys); err == nil {
		sources += "Signed-By: " + keys + "\n"
	}
	file := filepath.Join(a.dir, "release.sources")
	if err := os.WriteFile(file, []byte(sources), 0o644); err != nil {
		return nil, err
	}
	a.options = append(a.options, "-o", "Dir::Etc::sourcelist="+file, "-o", "Dir::Etc::sourceparts=/dev/null")
	if _, err := a.output(ctx, "apt-get", "update"); err != nil {
		return nil, fmt.Errorf("the lists of Debian's %s: %w", release, err)
	}
	return a, nil
}

// mirror is where this machine has Debian's packages from.
func (a *apt) mirror(ctx context.Context) (uri string, err error) {
	// It fails if any of the machine's sources does, also one that is not Debian's.
	_, failed := a.output(ctx, "apt-get", "update")
	text, err := a.output(ctx, "apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages", "Origin: Debian", "Label: Debian", "Component: main")
	if err != nil {
		return "", err
	}
	uri, _, _ = strings.Cut(text, "\n")
	if uri == "" {
		return "", errors.Join(errors.New("none of this machine's package sources is Debian's: /etc/apt/sources.list.d needs one"), failed)
	}
	return uri, nil
}

// output runs one of apt's programs in its packages folder.
func (a *apt) output(ctx context.Context, program string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, program, append(append([]string{}, a.options...), args...)...)
	cmd.Dir = filepath.Join(a.dir, "packages")
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	text, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w: %s", program, strings.Join(args, " "), err, tail(stderr.Bytes()))
	}
	return string(text), nil
}

// take fetches a package and copies the files of it that a pattern describes into a folder, which it makes, by their last names.
func (a *apt) take(ctx context.Context, pkg, dir, pattern string) error {
	if _, err := a.output(ctx, "apt-get", "download", pkg); err != nil {
		return err
	}
	found, err := filepath.Glob(filepath.Join(a.dir, "packages", pkg+"_*.deb"))
	if err != nil || len(found) != 1 {
		return fmt.Errorf("apt-get download %s left %d files", pkg, len(found))
	}
	defer os.Remove(found[0])
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "dpkg-deb", "--fsys-tarfile", found[0])
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	n, rerr := untar(pipe, dir, pattern)
	if err := errors.Join(rerr, cmd.Wait()); err != nil {
		return fmt.Errorf("%s: %w", filepath.Base(found[0]), err)
	}
	if n == 0 {
		return fmt.Errorf("%s has no %s", filepath.Base(found[0]), pattern)
	}
	return nil
}

// untar copies the regular files of an archive that a pattern describes, and reads it to its end.
func untar(r io.Reader, dir, pattern string) (n int, err error) {
	for t := tar.NewReader(r); ; {
		h, err := t.Next()
		if err == io.EOF {
			_, err = io.Copy(io.Discard, r)
			return n, err
		}
		if err != nil {
			return n, err
		}
		if ok, err := path.Match(pattern, h.Name); err != nil {
			return n, err
		} else if !ok || h.Typeflag != tar.TypeReg {
			continue
		}
		f, err := os.OpenFile(filepath.Join(dir, path.Base(h.Name)), os.O_CREATE|os.O_EXCL|os.O_WRONLY, h.FileInfo().Mode().Perm())
		if err != nil {
			return n, err
		}
		_, err = io.Copy(f, t)
		if err := errors.Join(err, f.Close()); err != nil {
			return n, err
		}
		n++
	}
}

// source fetches the source of a package, as its authors published it, and gives the folder that it is in.
func (a *apt) source(ctx context.Context, pkg string) (dir string, err error) {
	_, err = a.output(ctx, "apt-get", "source", "--tar-only", pkg)
	return filepath.Join(a.dir, "packages"), err
}
