#!/usr/bin/env bash
# Plays Fairlead's story on a local Kubernetes, with plain commands that are
# printed before they run:
#
#   hack/demo.sh            # or: make demo
#   KEEP=1 hack/demo.sh     # leaves everything running and says how to reach it
#
# Needs Go, git and make; builds the rest. Everything is on loopback and in one
# temporary folder, and is gone at the end, also after a failure or Ctrl-C. Each
# step checks what it claims: the exit status is 0 only if all of it is true.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
work=
pids=()
kept=

# ---- telling the story ------------------------------------------------------

bold= dim= plain=
if [[ -t 1 && -z ${NO_COLOR:-} ]]; then
    bold=$'\e[1m' dim=$'\e[2m' plain=$'\e[0m'
fi

chapter() { printf '\n\n%s== %s%s\n' "$bold" "$*" "$plain"; }
say() { printf '\n%s# %s%s\n' "$dim" "$*" "$plain"; }
show() { printf '\n%s$ %s%s\n' "$bold" "$*" "$plain"; }

# run prints a command as one would type it, and runs it.
run() {
    show "$1"
    eval "$1"
}

# expect fails the demo unless a command's output has a text.
expect() {
    local text=$1 output
    shift
    output=$("$@" 2>&1) || true
    [[ $output == *"$text"* ]] || broken "\`$*\` does not say \"$text\":" "$output"
}

broken() {
    printf '\nThe demo is broken: %s\n' "$*" >&2
    exit 1
}

# ---- starting and stopping --------------------------------------------------

# background prints a command and runs it in a process group of its own, so that
# Ctrl-C reaches this script alone, which then stops everything in order.
background() {
    local log=$1
    shift
    show "$* &"
    set -m
    nohup "$@" >"$log" 2>&1 </dev/null &
    pids+=($!)
    set +m
}

# address waits for the line in which a server says where it listens.
address() {
    local log=$1 url
    for _ in {1..100}; do
        url=$(sed -n 's|^Serving .* at \(http://[^ ]*\).*|\1|p' "$log")
        if [[ -n $url ]]; then
            echo "$url"
            return
        fi
        sleep 0.1
    done
    broken "nothing listens:" "$(cat "$log")"
}

# stop ends everything and waits until it has ended.
stop() {
    if ((${#pids[@]})); then
        kill "${pids[@]}" 2>/dev/null || true
        wait "${pids[@]}" 2>/dev/null || true
    fi
    if [[ -d $work/cluster ]]; then
        # It has said itself what went wrong, if it did not start.
        controlplane down --dir "$work/cluster" 2>/dev/null || true
    fi
    rm -rf "$work"
}

finish() {
    local status=$?
    trap - EXIT
    trap '' INT TERM HUP # stopping is not interrupted again
    [[ -n $work ]] || exit "$status"
    # Above 128 is an interrupt: nothing went wrong.
    if ((status > 0 && status < 128)) && [[ -f $work/controller.log ]]; then
        printf '\nThe end of the controller'\''s log:\n' >&2
        tail -n 40 "$work/controller.log" >&2
    fi
    [[ -n $kept ]] || stop
    exit "$status"
}

# keep says how to reach what is left running, and how to stop it.
keep() {
    cat >"$work/stop" <<END
#!/usr/bin/env bash
# Ends what \`make demo KEEP=1\` left running.
for pid in ${pids[*]}; do
    case \$(ps -o comm= -p "\$pid") in
    fairlead | githost) kill "\$pid" && while kill -0 "\$pid" 2>/dev/null; do sleep 0.1; done ;;
    esac
done
"$root/bin/k8s/controlplane" down --dir "$work/cluster"
rm -rf "$work"
END
    chmod +x "$work/stop"
    kept=yes
    cat <<END

Everything is still running. To reach it:

  export KUBECONFIG=$KUBECONFIG
  export PATH=$root/bin:$root/bin/k8s:\$PATH
  cd $work

There, platform/ is the clone of the git repository to commit and push from,
charts/ is the folder that is served as a Helm repository, and controller.log
is the controller's log. To stop it all:

  cd / && $work/stop
END
}

trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP

# ---- preparations -----------------------------------------------------------

# make demo has built these already.
[[ -n ${MAKELEVEL:-} ]] || make -C "$root" build controlplane helm
(cd "$root" && go build -buildvcs=false -o bin/githost ./test/githost/cmd/githost)

work=$(mktemp -d "${TMPDIR:-/tmp}/fairlead-demo.XXXXXX")
cd "$work"
mkdir charts data home
export PATH=$root/bin:$root/bin/k8s:$PATH
export KUBECONFIG=$work/cluster/kubeconfig
# Nothing of this machine's configuration plays a part, nor changes.
export HOME=$work/home GIT_CONFIG_NOSYSTEM=1 NO_PROXY=127.0.0.1,localhost no_proxy=127.0.0.1,localhost
unset HELM_NAMESPACE HELM_KUBECONTEXT HELM_DRIVER
git config --global init.defaultBranch main
git config --global user.name "Ada Lovelace"
git config --global user.email ada@example.com

chapter "A Kubernetes, a git server, a chart repository, and Fairlead"

run "controlplane up --dir cluster --detach"
run "kubectl apply -f $root/deploy/crds"

run "git init --quiet --bare git/platform.git"
background githost.log githost --root git --address 127.0.0.1:0
git_url=$(address githost.log)
echo "$git_url"

run "helm package $root/hack/demo/charts/api --destination charts"
background charts.log fairlead repo serve charts --address 127.0.0.1:0
charts_url=$(address charts.log)
echo "$charts_url"

background controller.log fairlead controller --kubeconfig cluster/kubeconfig --data-dir data \
    --leader-elect=false --allow-loopback-sources --log-format text \
    --metrics-address 127.0.0.1:0 --health-address 127.0.0.1:0

# ---- a ----------------------------------------------------------------------

chapter "a. One release from a chart in git, one from a range in the repository"

run "git clone --quiet $git_url/platform.git"
# Whoever commits from here after KEEP=1 needs a name.
git -C platform config user.name 'Ada Lovelace'
git -C platform config user.email ada@example.com
git -C platform config commit.gpgsign false
run "mkdir platform/charts && cp -R $root/hack/demo/charts/web platform/charts/"
run "git -C platform add --all"
run "git -C platform commit --quiet --message 'Add the web chart'"
run "git -C platform push --quiet origin HEAD"

sed "s|GIT_URL|$git_url|" "$root/hack/demo/web.yaml" >web.yaml
sed "s|CHARTS_URL|$charts_url|" "$root/hack/demo/api.yaml" >api.yaml
run "cat web.yaml api.yaml"
run "kubectl apply -f web.yaml -f api.yaml"
run "kubectl wait helmrelease web api --for=condition=Ready --timeout=90s"
run "fairlead get"
run "kubectl wait pod --all --for=condition=Ready --timeout=30s"
expect $'web-0.1.0' helm list
expect $'api-1.0.0' helm list

# ---- b ----------------------------------------------------------------------

chapter "b. A newer version of the chart is published: upgraded, nobody asked"

run "helm package $root/hack/demo/charts/api --version 1.0.1 --destination charts"
say "~1.0 means 1.0.1 now; the repository is asked every 10 seconds"
run "kubectl wait helmrelease api --for=jsonpath='{.status.revision}'=2 --timeout=60s"
run "kubectl wait helmrelease api --for=condition=Ready --timeout=60s"
run "kubectl get configmap api -o jsonpath='{.data.chart}{\"\\n\"}'"
expect "1.0.1" kubectl get configmap api -o "jsonpath={.data.chart}"
expect "api-1.0.1" helm list

# ---- c ----------------------------------------------------------------------

chapter "c. A commit changes the chart in git: upgraded, and the history says whose it was"

run "sed -i.old 's/replicas: 1/replicas: 3/' platform/charts/web/values.yaml"
run "git -C platform commit --quiet --all --message 'Three replicas for the weekend'"
run "git -C platform push --quiet"
commit=$(git -C platform rev-parse --short=7 HEAD)
run "kubectl wait helmrelease web --for=jsonpath='{.status.revision}'=2 --timeout=60s"
run "kubectl wait helmrelease web --for=condition=Ready --timeout=60s"
run "fairlead history web"
expect "$commit" fairlead history web
expect "Ada Lovelace" fairlead history web
expect "3" kubectl get deployment web -o "jsonpath={.status.readyReplicas}"

say "A commit that does not touch the chart makes no new revision"
run "echo 'Charts of the shop' > platform/README && git -C platform add README"
run "git -C platform commit --quiet --message 'Add a README' && git -C platform push --quiet"
run "kubectl annotate helmrelease web fairlead.dev/reconcile-at=now"
run "kubectl wait helmrelease web --for=jsonpath='{.status.lastHandledReconcileAt}'=now --timeout=60s"
run "kubectl wait helmrelease web --for=condition=Ready --timeout=60s"
run "kubectl get helmrelease web -o jsonpath='revision {.status.revision}{\"\\n\"}'"
expect "revision 2;" kubectl get helmrelease web -o "jsonpath=revision {.status.revision};"

# ---- d ----------------------------------------------------------------------

chapter "d. A bad change: it fails in its timeout, is rolled back, and the reason is told"

run "sed -i.old 's|podLabels:.*|podLabels: {fairlead.dev/test-pod: never-ready}|' platform/charts/web/values.yaml"
run "git -C platform commit --quiet --all --message 'Try another base image'"
run "git -C platform push --quiet"
say "Nobody is there to help: it fails after 30 seconds"
run "kubectl wait helmrelease web --for=condition=Remediated --timeout=90s"
run "kubectl get helmrelease web -o jsonpath='{range .status.conditions[*]}{.type}={.status} {.reason}: {.message}{\"\\n\"}{end}'"
expect "RollbackSucceeded" kubectl get helmrelease web -o "jsonpath={.status.conditions[?(@.type=='Remediated')].reason}"
expect "Deployment" kubectl get helmrelease web -o "jsonpath={.status.conditions[?(@.type=='Ready')].message}"
run "kubectl rollout status deployment web --timeout=30s"
expect "back to revision 2" helm history web
expect "3" kubectl get deployment web -o "jsonpath={.status.readyReplicas}"

# ---- e ----------------------------------------------------------------------

chapter "e. Another bad change, and its fix before the timeout: the fix is taken up at once"

run "sed -i.old 's/Welcome to/Hello from/' platform/charts/web/values.yaml"
run "git -C platform commit --quiet --all --message 'Another greeting, the image is still wrong'"
run "git -C platform push --quiet"
run "kubectl wait helmrelease web --for=jsonpath='{.status.conditions[?(@.type==\"Ready\")].reason}'=Progressing --timeout=60s"
say "It would fail in 30 seconds. Here is its fix:"
run "sed -i.old 's/podLabels:.*/podLabels: {}/' platform/charts/web/values.yaml"
run "git -C platform commit --quiet --all --message 'Back to the right image'"
run "git -C platform push --quiet"
run "kubectl wait helmrelease web --for=condition=Ready --timeout=60s"
run "fairlead get web"
expect "Superseded" kubectl get helmrelease web -o "jsonpath={.status.history[1].outcome}"
expect "Another greeting" kubectl get helmrelease web -o "jsonpath={.status.history[1].subject}"
expect "3" kubectl get deployment web -o "jsonpath={.status.readyReplicas}"
expect "Hello from the shop" kubectl get deployment web -o "jsonpath={.spec.template.spec.containers[0].env[0].value}"

# ---- f ----------------------------------------------------------------------

chapter "f. Deleting a HelmRelease uninstalls it"

run "kubectl delete helmrelease api --timeout=60s"
run "helm list"
run "kubectl get deployments"
[[ $(helm list --all --short) == web ]] || broken "Helm still lists" "$(helm list --all --short)"
[[ $(kubectl get deployments -o name) == deployment.apps/web ]] || broken "the deployment of api is left"

# ---- g ----------------------------------------------------------------------

chapter "g. What happened, told by Fairlead and by stock Helm"

run "fairlead history web"
run "helm history web"
expect "Back to the right image" fairlead history web
expect "$commit" helm history web

if [[ -n ${KEEP:-} ]]; then
    keep
else
    chapter "The end: stopping everything"
fi
