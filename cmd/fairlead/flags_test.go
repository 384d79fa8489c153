package main

import (
	"net"
	"strings"
	"testing"
	"time"
)

func TestFlagsAreChecked(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for name, tc := range map[string]struct {
		why    string
		change func(*flags)
		says   string
	}{
		"Defaults":   {why: "they work", change: func(*flags) {}},
		"Off":        {why: "0 turns a server off", change: func(f *flags) { f.metricsAddress, f.healthAddress = "0", "0" }},
		"NoWorkers":  {why: "nothing would happen", change: func(f *flags) { f.workers = 0 }, says: "--workers must be at least 1"},
		"LogFormat":  {why: "there are two", change: func(f *flags) { f.logFormat = "xml" }, says: `--log-format must be json or text, not "xml"`},
		"Backoff":    {why: "a pause grows", change: func(f *flags) { f.retryBackoffMax = time.Second }, says: "--retry-backoff-max not below it"},
		"StoreBytes": {why: "a store holds something", change: func(f *flags) { f.storeBytes = 0 }, says: "--chart-store-bytes must be at least 1"},
		"StopLimit":  {why: "time does not go back", change: func(f *flags) { f.stopLimit = -time.Second }, says: "--stop-limit must not be below 0"},
		"PortInUse": {why: "the flag is named before anything starts", change: func(f *flags) { f.healthAddress = taken.Addr().String() },
			says: "--health-address " + taken.Addr().String() + " is in use"},
	} {
		t.Run(name, func(t *testing.T) {
			f := flags{workers: 1, logFormat: "json", retryBackoff: 10 * time.Second, retryBackoffMax: time.Minute, storeBytes: 1,
				metricsAddress: "127.0.0.1:0", healthAddress: "127.0.0.1:0"}
			tc.change(&f)
			err := f.check()
			if (err == nil) != (tc.says == "") || err != nil && !strings.Contains(err.Error(), tc.says) {
				t.Errorf("%s: want %q, got %v", tc.why, tc.says, err)
			}
		})
	}
}

func TestDataDirHasOneOwner(t *testing.T) {
	dir := t.TempDir()
	lock, err := own(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := own(dir); err == nil || !strings.Contains(err.Error(), "is in use by another controller") {
		t.Errorf("a second controller got the same folder: %v", err)
	}
	if err := lock.Close(); err != nil {
		t.Fatal(err)
	}
	if lock, err = own(dir); err != nil {
		t.Fatalf("the folder was not given back: %v", err)
	}
	_ = lock.Close()
}
