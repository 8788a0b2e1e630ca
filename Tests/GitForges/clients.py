"""Drives a forge with a client that others wrote: opens, changes and merges a pull request.

usage: clients.py github|gitlab|gitea URL TOKEN OWNER/NAME

The clients check what they are answered: githubkit by models that are made from GitHub's own description, pyforgejo by models from
Forgejo's. What the branches hold afterwards is looked at with git by whoever starts this.
"""

import base64
import sys

BRANCH = "switchyard/job-1"
TEXT = b"made by a client\n"
TOOL = b"#!/bin/sh\necho hello\n"


def github(url, token, owner, name):
    from githubkit import GitHub
    from githubkit.exception import RequestFailed

    client = GitHub(token, base_url=url, auto_retry=False)
    rest = client.rest
    repository = rest.repos.get(owner, name).parsed_data
    base = rest.git.get_ref(owner, name, f"heads/{repository.default_branch}").parsed_data.object_.sha
    start = rest.git.get_commit(owner, name, base).parsed_data
    text = rest.git.create_blob(owner, name, content=base64.b64encode(TEXT).decode(), encoding="base64").parsed_data
    tool = rest.git.create_blob(owner, name, content=TOOL.decode(), encoding="utf-8").parsed_data
    assert base64.b64decode(rest.git.get_blob(owner, name, text.sha).parsed_data.content) == TEXT
    tree = rest.git.create_tree(
        owner,
        name,
        base_tree=start.tree.sha,
        tree=[
            {"path": "docs/text.txt", "mode": "100644", "type": "blob", "sha": text.sha},
            {"path": "bin/tool", "mode": "100755", "type": "blob", "sha": tool.sha},
            {"path": "README.md", "mode": "100644", "type": "blob", "sha": None},
        ],
    ).parsed_data
    listed = rest.git.get_tree(owner, name, tree.sha, recursive="1").parsed_data
    assert {entry.path for entry in listed.tree if entry.type == "blob"} == {"docs/text.txt", "bin/tool"}
    commit = rest.git.create_commit(
        owner,
        name,
        message="A client's commit\n",
        tree=tree.sha,
        parents=[base],
        author={"name": "Client", "email": "client@example.org", "date": "2026-01-02T03:04:05Z"},
    ).parsed_data
    rest.git.create_ref(owner, name, ref=f"refs/heads/{BRANCH}", sha=commit.sha).parsed_data
    try:
        rest.git.create_ref(owner, name, ref=f"refs/heads/{BRANCH}", sha=commit.sha)
        raise AssertionError("a second reference was made")
    except RequestFailed as error:
        assert error.response.status_code == 422
        assert error.response.json()["message"] == "Reference already exists"
    assert len(rest.git.list_matching_refs(owner, name, f"heads/{BRANCH}").parsed_data) == 1
    rest.repos.get_branch(owner, name, BRANCH).parsed_data
    rest.repos.get_commit(owner, name, BRANCH).parsed_data
    compared = rest.repos.compare_commits(owner, name, f"main...{BRANCH}").parsed_data
    assert (compared.status, compared.ahead_by, len(compared.files)) == ("ahead", 1, 3)
    rest.repos.get_content(owner, name, "docs/text.txt", ref=BRANCH).parsed_data
    pull = rest.pulls.create(
        owner, name, title="A client's pull request", head=BRANCH, base="main", body="Its body", draft=True
    ).parsed_data
    rest.issues.add_labels(owner, name, pull.number, labels=["automated"]).parsed_data
    rest.pulls.request_reviewers(owner, name, pull.number, reviewers=["maria"]).parsed_data
    found = rest.pulls.list(owner, name, head=f"{owner}:{BRANCH}", state="open").parsed_data
    assert [one.number for one in found] == [pull.number]
    client.graphql(
        "mutation($id: ID!) { markPullRequestReadyForReview(input: {pullRequestId: $id}) { pullRequest { isDraft } } }",
        {"id": pull.node_id},
    )
    changed = rest.pulls.update(owner, name, pull.number, title="A better title").parsed_data
    assert changed.title == "A better title" and not changed.draft and changed.mergeable
    rest.rate_limit.get().parsed_data
    assert rest.pulls.merge(owner, name, pull.number, sha=commit.sha).parsed_data.merged
    assert rest.pulls.get(owner, name, pull.number).parsed_data.merged


if __name__ == "__main__":
    provider, url, token, repository = sys.argv[1:]
    owner, name = repository.rsplit("/", 1)
    {"github": github}[provider](url, token, owner, name)
