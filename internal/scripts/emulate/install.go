package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"github.com/glulam/glulam/internal/services"
)

// release is that of Debian whose packages these are. Any amd64 system with apt and Debian's keys can use them: programs are static or built here.
const release = "trixie"

// bochsVersion is Bochs', and bochsSum the SHA-256 of its source package.
const (
	bochsVersion = "3.0+dfsg"
	bochsSum     = "78f6c73d4a6472d5130a87ab9dc306d02c7c71ed8e25b3a8ef642e2a7acd282b"
)

// installARM sees to it that there is a qemu-aarch64, and gives its folder.
func installARM(ctx context.Context) (dir string, err error) {
	return services.Cached("qemu-user-"+release, func(temp string) (string, error) {
		out := filepath.Join(temp, "out")
		debian, err := newApt(ctx, temp)
		if err != nil {
			return "", err
		}
		return out, debian.take(ctx, "qemu-user", out, "./usr/bin/qemu-aarch64")
	})
}

// installPC sees to it that all that a PC is made of is there, and gives its folder: bochs, BIOS-bochs-latest, vgabios.bin, isolinux.bin, ldlinux.c32,
// vmlinuz.
func installPC(ctx context.Context) (dir string, err error) {
	return services.Cached("bochs-"+bochsVersion+"-"+release, func(temp string) (string, error) {
		fmt.Fprintln(os.Stderr, "emulate: installing Bochs and a Linux, which takes some minutes the first time")
		out := filepath.Join(temp, "out")
		debian, err := newApt(ctx, temp)
		if err != nil {
			return "", err
		}
		kernel, err := debian.kernel(ctx)
		if err != nil {
			return "", err
		}
		for _, p := range []struct{ pkg, file string }{
			{"bochsbios", "./usr/share/bochs/BIOS-bochs-latest"},
			{"vgabios", "./usr/share/vgabios/vgabios.bin"},
			{"isolinux", "./usr/lib/ISOLINUX/isolinux.bin"},
			{"syslinux-common", "./usr/lib/syslinux/modules/bios/ldlinux.c32"},
			{kernel, "./boot/vmlinuz-*"},
		} {
			if err := debian.take(ctx, p.pkg, out, p.file); err != nil {
				return "", err
			}
		}
		vmlinuz, err := filepath.Glob(filepath.Join(out, "vmlinuz-*"))
		if err != nil || len(vmlinuz) != 1 {
			return "", fmt.Errorf("%s holds %d kernels", kernel, len(vmlinuz))
		}
		if err := os.Rename(vmlinuz[0], filepath.Join(out, "vmlinuz")); err != nil {
			return "", err
		}
		return out, buildBochs(ctx, debian, temp, out)
	})
}

// buildBochs builds Bochs from Debian's source: Debian's own binary has a debugger in it, takes twice the time, and wants a desktop's
// libraries.
func buildBochs(ctx context.Context, debian *apt, temp, out string) error {
	for _, need := range []struct{ pkg, program string }{{"g++", "g++"}, {"make", "make"}, {"xz-utils", "xz"}} {
		if err := services.Needs(ctx, need.pkg, need.program); err != nil {
			return err
		}
	}
	dir, err := debian.source(ctx, "bochs")
	if err != nil {
		return err
	}
	archive := filepath.Join(dir, "bochs_"+bochsVersion+".orig.tar.xz")
	data, err := os.ReadFile(archive)
	if err != nil {
		return fmt.Errorf("another Bochs than %s is in Debian's %s: %w", bochsVersion, release, err)
	}
	if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != bochsSum {
		return fmt.Errorf("%s has the sum %x, not %s", filepath.Base(archive), sum, bochsSum)
	}
	source := filepath.Join(temp, "bochs")
	if err := os.Mkdir(source, 0o755); err != nil {
		return err
	}
	if err := services.Run(ctx, nil, "tar", "-xf", archive, "-C", source, "--strip-components=1"); err != nil {
		return err
	}
	configure := "./configure --with-nogui --disable-plugins --disable-docbook --disable-xpm --enable-x86-64 --enable-cpu-level=6 --enable-avx --enable-evex " +
		"--enable-all-optimizations 'CFLAGS=-O3 -w' 'CXXFLAGS=-O3 -w -fno-strict-aliasing'"
	// VPSHUFBITQMB forgets every eighth bit.
	mend := "sed -i 's/i=0; i < 7; i++/i=0; i < 8; i++/' cpu/avx/avx512_bitalg.cc"
	script := "cd \"$1\" && " + mend + " && " + configure + " && make -j" + strconv.Itoa(runtime.NumCPU()) + " bochs && strip bochs"
	if err := services.Run(ctx, nil, "sh", "-c", script, "sh", source); err != nil {
		return fmt.Errorf("building Bochs: %w", err)
	}
	return os.Rename(filepath.Join(source, "bochs"), filepath.Join(out, "bochs"))
}

// kernel gives the name of the package with the smallest of Debian's kernels, which is made for PCs that are emulated.
func (a *apt) kernel(ctx context.Context) (pkg string, err error) {
	text, err := a.output(ctx, "apt-cache", "depends", "linux-image-cloud-amd64")
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(text) {
		if pkg, ok := strings.CutPrefix(strings.TrimSpace(line), "Depends: linux-image-"); ok {
			return "linux-image-" + pkg, nil
		}
	}
	return "", fmt.Errorf("there is no kernel for the cloud in Debian's %s", release)
}
