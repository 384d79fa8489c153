package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

func TestLogger(t *testing.T) {
	for format, want := range map[string]string{"json": `"msg":"Upgraded release","release":"shop/web"`, "text": `msg="Upgraded release" release=shop/web`} {
		var out bytes.Buffer
		log := newLogger(&out, format)
		log.Error(errors.New("leader election lost"), "error received after stop sequence was engaged")
		if out.Len() > 0 {
			t.Errorf("%s: a clean stop is told as an error: %s", format, &out)
		}
		log.Error(errors.New("the store is full"), "error received after stop sequence was engaged")
		log.WithValues("release", "shop/web").Info("Upgraded release")
		for _, want := range []string{want, "the store is full"} {
			if !strings.Contains(out.String(), want) {
				t.Errorf("%s: no %s in\n%s", format, want, &out)
			}
		}
	}
}
