#!/usr/bin/env bash
# Builds the local Kubernetes into a directory, by default bin/k8s of the
# repository:
#
#   build.sh [OUT_DIR]
#
# Needs Go and git; the first build downloads about 100 modules and takes some
# minutes. Later ones build only what has changed, and nothing if nothing has.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out=${1:-$here/../../bin/k8s}
version=v1.36.3
programs=(etcd kube-apiserver kube-controller-manager kube-scheduler kubectl kwok)

# A clone needs no C compiler, and what it builds runs on any Linux.
export GOTOOLCHAIN=local CGO_ENABLED=0 GOWORK=off GOFLAGS=-buildvcs=false

mkdir -p "$out"
out=$(cd "$out" && pwd)
cd "$here"

# stamp prints a hash of the Go version and of the named files and folders.
stamp() {
    {
        go env GOVERSION GOOS GOARCH
        find "$@" -type f ! -name '*_test.go' -print0 | LC_ALL=C sort -z | xargs -0 git hash-object --no-filters
    } | git hash-object --stdin
}

# fresh says whether a binary exists and was built from what is there now.
fresh() { [[ -x $out/$1 && -f $out/.$1.stamp && $(<"$out/.$1.stamp") == "$2" ]]; }

# build links a command beside its place and then puts it there whole: what
# runs from the old file goes on undisturbed.
build() {
    local name=$1 mark=$2 flags=$3
    rm -f "$out/.$name.stamp"
    go build -trimpath -tags kubernetes,grpcnotrace -ldflags "-s -w $flags" -o "$out/.$name.new" "./cmd/$name"
    mv -f "$out/.$name.new" "$out/$name"
    echo "$mark" >"$out/.$name.stamp"
}

kubernetes=$(stamp build.sh go.mod go.sum cmd/kubernetes)
controlplane=$(stamp build.sh go.mod go.sum cmd/controlplane internal)

if ! fresh kubernetes "$kubernetes"; then
    echo "controlplane: building etcd, Kubernetes $version and KWOK (some minutes the first time)"
    # A server that calls itself v0.0.0 is refused by every chart with a kubeVersion.
    versions=
    for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
        versions+=" -X $package.gitVersion=$version -X $package.gitMajor=1 -X $package.gitMinor=36"
        versions+=" -X $package.gitTreeState=clean"
    done
    build kubernetes "$kubernetes" "$versions"
fi
for program in "${programs[@]}"; do
    [[ $out/$program -ef $out/kubernetes ]] || ln -sfn kubernetes "$out/$program"
done
if ! fresh controlplane "$controlplane"; then
    echo "controlplane: building its supervisor"
    build controlplane "$controlplane" ""
fi
echo "controlplane: $out is up to date"
