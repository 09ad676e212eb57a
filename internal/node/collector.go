package node

import (
	"os"
	"runtime/debug"
)

// CollectSeldom lets the heap grow to five times what lives in it before it is
// collected. A few megabytes live, so some 25 more buy four times fewer
// collections (docs/performance.md). GOGC set by the operator wins. It is for
// programs whose whole work is one provider.
func CollectSeldom() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
}
