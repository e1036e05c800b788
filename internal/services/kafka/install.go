package kafka

import (
	"context"
	_ "embed"
	"path/filepath"

	"github.com/glulam/glulam/internal/services"
)

// Version is that of the broker.
const Version = "4.4.0"

//go:embed pom.xml
var pom []byte

// Install sees to it that the broker is there and gives the folder of its libraries.
func Install(ctx context.Context) (libs string, err error) {
	if err := services.Java(ctx); err != nil {
		return "", err
	}
	return services.Cached("kafka-"+Version, func(temp string) (string, error) {
		out := filepath.Join(temp, "libs")
		return out, services.Maven(ctx, temp, pom, "dependency:copy-dependencies", "-DincludeScope=runtime", "-DoutputDirectory="+out)
	})
}
