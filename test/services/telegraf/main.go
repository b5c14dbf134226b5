// Telegraf's own agent and configuration, unmodified, with the few plugins that npm run compare needs.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/influxdata/telegraf/agent"
	"github.com/influxdata/telegraf/config"
	"github.com/influxdata/telegraf/logger"
	_ "github.com/influxdata/telegraf/plugins/inputs/libvirt"
	_ "github.com/influxdata/telegraf/plugins/outputs/file"
	_ "github.com/influxdata/telegraf/plugins/serializers/json"
)

func run(path string) error {
	settings := config.NewConfig()
	if err := settings.LoadConfig(path); err != nil {
		return err
	}
	if err := logger.SetupLogging(&logger.Config{LogTarget: settings.Agent.LogTarget}); err != nil {
		return err
	}
	stop, cancel := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer cancel()
	if err := agent.NewAgent(settings).Run(stop); !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

func version() string {
	built, _ := debug.ReadBuildInfo()
	for _, module := range built.Deps {
		if module.Path == "github.com/influxdata/telegraf" {
			return module.Version
		}
	}
	return "unknown"
}

func main() {
	switch {
	case len(os.Args) == 2 && os.Args[1] == "--version":
		fmt.Println("Telegraf", version())
	case len(os.Args) == 3 && os.Args[1] == "--config":
		if err := run(os.Args[2]); err != nil {
			log.Fatal(err)
		}
	default:
		log.Fatal("telegraf --version | --config FILE")
	}
}
