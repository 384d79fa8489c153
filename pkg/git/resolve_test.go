package git_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fairlead-dev/fairlead/pkg/git"
	"github.com/fairlead-dev/fairlead/test/githost"
	"github.com/fairlead-dev/fairlead/test/githost/githosttest"
)

func TestResolve(t *testing.T) {
	repo := githosttest.New(t)
	first := repo.Commit(t, "first", map[string]string{"a": "1"})
	repo.Git(t, "tag", "light")
	repo.Git(t, "tag", "--annotate", "--message", "one", "v1.0.0")
	repo.Git(t, "tag", "--annotate", "--message", "a tag of a tag", "nested", "v1.0.0")
	repo.Git(t, "tag", "blob", first+":a")
	second := repo.Commit(t, "second", map[string]string{"a": "2"})
	repo.Git(t, "push", "--quiet", "--tags", "origin")
	repo.Git(t, "checkout", "--quiet", "-b", "release/1.x", first)
	third := repo.Commit(t, "third", map[string]string{"a": "3"})
	_, url := repo.Serve(t, githost.Options{})

	cases := map[string]struct {
		why  string
		ref  git.Ref
		want string
		kind error
		text string
	}{
		"Head":         {why: "No ref is the remote's default branch.", want: second},
		"Branch":       {why: "A branch is its newest commit.", ref: git.Ref{Branch: "main"}, want: second},
		"SlashBranch":  {why: "A branch may have a slash.", ref: git.Ref{Branch: "release/1.x"}, want: third},
		"LightTag":     {why: "A tag is its commit.", ref: git.Ref{Tag: "light"}, want: first},
		"AnnotatedTag": {why: "An annotated tag is peeled.", ref: git.Ref{Tag: "v1.0.0"}, want: first},
		"NestedTag":    {why: "A tag of a tag is peeled to the end.", ref: git.Ref{Tag: "nested"}, want: first},
		"Commit":       {why: "A commit is itself, wherever it is in the history.", ref: git.Ref{Commit: first}, want: first},
		"MissingBranch": {
			why: "Typing errors are common.", ref: git.Ref{Branch: "mian"}, kind: git.ErrNotFound,
			text: `no branch "mian" in URL: did you mean "main"?`,
		},
		"FarBranch": {
			why: "What is near nothing is shown what there is.", ref: git.Ref{Branch: "production"}, kind: git.ErrNotFound,
			text: `no branch "production" in URL: it has "main", "release/1.x"`,
		},
		"MissingTag": {
			why: "Tags have their own names.", ref: git.Ref{Tag: "v1.0.1"}, kind: git.ErrNotFound,
			text: `no tag "v1.0.1" in URL: did you mean "v1.0.0"?`,
		},
		"MissingCommit": {
			why: "A commit that no ref leads to cannot be fetched.", ref: git.Ref{Commit: strings.Repeat("1", 40)}, kind: git.ErrNotFound,
			text: "no commit " + strings.Repeat("1", 40) + " in URL: no branch or tag leads to it",
		},
		"TagOfABlob": {
			why: "Only a commit has history and a tree.", ref: git.Ref{Tag: "blob"}, kind: git.ErrInvalid,
			text: `tag "blob" of URL is no commit`,
		},
		"ShortCommit": {
			why: "A short hash may mean another commit tomorrow.", ref: git.Ref{Commit: first[:7]}, kind: git.ErrBadSpec,
			text: `git commit "` + first[:7] + `" is no full hash: 40 digits 0-9 and a-f`,
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Log(tc.why)
			got, err := openMirror(t, t.TempDir(), url, git.Credentials{}).Resolve(t.Context(), tc.ref)
			if !errors.Is(err, tc.kind) || got != tc.want {
				t.Fatalf("want %q and an error like %v, got %q and %v", tc.want, tc.kind, got, err)
			}
			if err != nil {
				if diff := cmp.Diff(tc.text, strings.ReplaceAll(err.Error(), url, "URL")); diff != "" {
					t.Errorf("message: -want +got\n%s", diff)
				}
			}
		})
	}
}

func TestResolveOddHeads(t *testing.T) {
	cases := map[string]struct {
		why   string
		setUp func(t *testing.T, repo *githosttest.Repo)
		ref   git.Ref
		text  string
	}{
		"Empty": {
			why:   "A repository nobody pushed to is no broken server.",
			setUp: func(*testing.T, *githosttest.Repo) {},
			text:  "HEAD of URL names no branch that exists; name a branch: it has no branches",
		},
		"Unborn": {
			why: "HEAD may name a branch that is not there.",
			setUp: func(t *testing.T, repo *githosttest.Repo) {
				repo.Commit(t, "one", nil)
				repo.Bare(t, "symbolic-ref", "HEAD", "refs/heads/master")
			},
			text: `HEAD of URL names no branch that exists; name a branch: it has "main"`,
		},
		"UnbornButNamed": {
			why: "Such a repository works for who names a branch.",
			setUp: func(t *testing.T, repo *githosttest.Repo) {
				repo.Commit(t, "one", nil)
				repo.Bare(t, "symbolic-ref", "HEAD", "refs/heads/master")
			},
			ref: git.Ref{Branch: "main"},
		},
		"Detached": {
			why: "HEAD may be a commit that no branch has.",
			setUp: func(t *testing.T, repo *githosttest.Repo) {
				repo.Commit(t, "one", nil)
				lost := repo.Commit(t, "two", nil)
				repo.Bare(t, "update-ref", "--no-deref", "HEAD", lost)
				repo.Bare(t, "update-ref", "refs/heads/main", lost+"^")
				repo.Bare(t, "update-ref", "--no-deref", "HEAD", lost)
			},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Log(tc.why)
			repo := githosttest.New(t)
			tc.setUp(t, repo)
			_, url := repo.Serve(t, githost.Options{})
			_, err := openMirror(t, t.TempDir(), url, git.Credentials{}).Resolve(t.Context(), tc.ref)
			if tc.text == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			if !errors.Is(err, git.ErrNotFound) {
				t.Fatalf("want an error that wraps ErrNotFound, got %v", err)
			}
			if diff := cmp.Diff(tc.text, strings.ReplaceAll(err.Error(), url, "URL")); diff != "" {
				t.Errorf("message: -want +got\n%s", diff)
			}
		})
	}
}
