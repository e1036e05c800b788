package flink

import (
	"archive/tar"
	"compress/gzip"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/glulam/glulam/internal/services"
)

// Versions of what is installed. The job server is built with the same patch version of Flink.
const (
	Version     = "1.19.3"
	BeamVersion = "2.70.0"

	sum = "4a58e3a1fb7d83340bc96b6c080624c6d792d69fae5d294b96224775204a9c60"
)

//go:embed jobserver.xml
var jobServerPOM []byte

// JobServer sees to it that there is a job server and a Java to run it, and gives its jar. It needs no cluster: with
// --flink-master=[local] it runs jobs itself.
func JobServer(ctx context.Context) (jar string, err error) {
	if err := services.Java(ctx); err != nil {
		return "", err
	}
	dir, err := services.Cached("beam-flink-job-server-"+BeamVersion+"-"+Version, func(temp string) (string, error) {
		if err := services.Maven(ctx, temp, jobServerPOM, "package"); err != nil {
			return "", err
		}
		out := filepath.Join(temp, "out")
		if err := os.Mkdir(out, 0o755); err != nil {
			return "", err
		}
		return out, os.Rename(filepath.Join(temp, "target", "job-server.jar"), filepath.Join(out, jarName))
	})
	return filepath.Join(dir, jarName), err
}

const jarName = "beam-flink-job-server.jar"

// Install sees to it that Flink is there and a Java to run it, and gives its folder, with lib and bin.
func Install(ctx context.Context) (dist string, err error) {
	if err := services.Java(ctx); err != nil {
		return "", err
	}
	return services.Cached("flink-"+Version, func(temp string) (string, error) {
		archive, err := fetch(ctx, temp)
		if err != nil {
			return "", err
		}
		out := filepath.Join(temp, "out")
		return out, unpack(archive, out)
	})
}

// fetch has pip fetch the package, and check its sum before anything in it is run: pip asks the package's own program for what it
// is, with setuptools and wheel, which the package does not say.
func fetch(ctx context.Context, dir string) (archive string, err error) {
	if err := services.Needs(ctx, "python3-venv", "python3", "-c", "import ensurepip"); err != nil {
		return "", err
	}
	venv := filepath.Join(dir, "venv")
	if err := services.Run(ctx, nil, "python3", "-m", "venv", venv); err != nil {
		return "", err
	}
	pip := filepath.Join(venv, "bin", "pip")
	if err := services.Run(ctx, nil, pip, "-q", "install", "setuptools==80.9.0", "wheel==0.45.1"); err != nil {
		return "", err
	}
	wanted := filepath.Join(dir, "requirements.txt")
	if err := os.WriteFile(wanted, fmt.Appendf(nil, "apache-flink-libraries==%s --hash=sha256:%s\n", Version, sum), 0o644); err != nil {
		return "", err
	}
	err = services.Run(ctx, nil, pip, "-q", "download", "--require-hashes", "--no-deps", "--no-binary", ":all:", "--no-build-isolation", "-d", dir, "-r", wanted)
	return filepath.Join(dir, "apache-flink-libraries-"+Version+".tar.gz"), err
}

// unpack takes what a cluster needs out of the package.
func unpack(archive, out string) error {
	f, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return err
	}
	for r := tar.NewReader(z); ; {
		e, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		_, name, ok := strings.Cut(path.Clean(e.Name), "/deps/")
		if !ok || e.Typeflag != tar.TypeReg || !wanted(name) {
			continue
		}
		if err := save(r, filepath.Join(out, filepath.FromSlash(name))); err != nil {
			return err
		}
	}
}

// wanted leaves out plugins, and 130 MB of table programs, which no Beam job uses.
func wanted(name string) bool {
	dir, file := path.Split(name)
	if dir == "bin/" {
		return strings.HasSuffix(file, ".jar")
	}
	return dir == "lib/" && !slices.ContainsFunc([]string{"flink-table-", "flink-cep", "flink-scala", "flink-connector-files"}, func(not string) bool {
		return strings.HasPrefix(file, not)
	})
}

func save(r io.Reader, file string) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	return errors.Join(err, f.Close())
}
