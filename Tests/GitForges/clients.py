"""Drives a forge with a client that others wrote: opens, changes and merges a pull request.

usage: clients.py github|gitlab|gitea URL TOKEN OWNER/NAME
       clients.py webhook EVENT SECRET SIGNATURE FILE

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
    assert {entry.path for entry in listed.tree if entry.type == "blob"} >= {"docs/text.txt", "bin/tool"}
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


def gitlab(url, token, owner, name):
    from gitlab import Gitlab
    from gitlab.exceptions import GitlabCreateError

    client = Gitlab(url.removesuffix("/api/v4"), private_token=token)
    project = client.projects.get(f"{owner}/{name}")
    reviewer = client.users.list(username="maria")[0]
    change = {
        "branch": BRANCH,
        "start_branch": project.default_branch,
        "commit_message": "A client's commit\n",
        "author_name": "Client",
        "author_email": "client@example.org",
        "actions": [
            {
                "action": "create",
                "file_path": "docs/text.txt",
                "content": base64.b64encode(TEXT).decode(),
                "encoding": "base64",
            },
            {"action": "create", "file_path": "bin/tool", "content": TOOL.decode()},
            {"action": "chmod", "file_path": "bin/tool", "execute_filemode": True},
            {"action": "delete", "file_path": "README.md"},
        ],
    }
    commit = project.commits.create(change)
    try:
        project.commits.create(change)
        raise AssertionError("a branch was made twice")
    except GitlabCreateError as error:
        assert error.response_code == 400 and "already exists" in error.error_message
    assert project.branches.get(BRANCH).commit["id"] == commit.id
    assert project.commits.get(commit.id).title == "A client's commit"
    entries = project.repository_tree(ref=BRANCH, recursive=True, get_all=True)
    assert {entry["path"] for entry in entries if entry["type"] == "blob"} >= {"docs/text.txt", "bin/tool"}
    kept = project.repository_tree(ref=BRANCH, recursive=True, iterator=True, pagination="keyset", per_page=1)
    assert len(list(kept)) == len(entries)
    assert project.files.get("docs/text.txt", ref=BRANCH).decode() == TEXT
    assert len(project.repository_compare("main", BRANCH)["diffs"]) == 3
    request = {
        "source_branch": BRANCH,
        "target_branch": "main",
        "title": "Draft: A client's merge request",
        "description": "Its body",
        "labels": ["automated"],
        "reviewer_ids": [reviewer.id],
    }
    opened = project.mergerequests.create(request)
    assert opened.draft and opened.reviewers[0]["username"] == "maria"
    try:
        project.mergerequests.create(request)
        raise AssertionError("a merge request was made twice")
    except GitlabCreateError as error:
        assert error.response_code == 409
    found = project.mergerequests.list(source_branch=BRANCH, state="opened", get_all=True)
    assert [one.iid for one in found] == [opened.iid]
    project.mergerequests.update(opened.iid, {"title": "A better title"})
    merged = project.mergerequests.get(opened.iid)
    assert merged.detailed_merge_status == "mergeable"
    merged.merge()
    assert project.mergerequests.get(opened.iid).state == "merged"


def described(model):
    """Fails when an answer has a field that the description does not know."""
    from pydantic import BaseModel

    if isinstance(model, list):
        return [described(one) for one in model]
    if isinstance(model, BaseModel):
        assert not model.model_extra, f"{type(model).__name__} has {sorted(model.model_extra)}"
        for name in type(model).model_fields:
            described(getattr(model, name))
    return model


def gitea(url, token, owner, name):
    from pyforgejo import PyforgejoApi
    from pyforgejo.core.api_error import ApiError

    client = PyforgejoApi(base_url=url, api_key=token)
    rest = client.repository
    repository = described(rest.repo_get(owner, name))
    readme = described(rest.repo_get_contents(owner, name, "README.md"))
    change = {
        "branch": repository.default_branch,
        "new_branch": BRANCH,
        "message": "A client's commit\n",
        "author": {"name": "Client", "email": "client@example.org"},
        "files": [
            {"operation": "create", "path": "docs/text.txt", "content": base64.b64encode(TEXT).decode()},
            {"operation": "create", "path": "bin/tool", "content": base64.b64encode(TOOL).decode()},
        ],
    }
    changed = described(rest.repo_change_files(owner, name, **change))
    try:
        rest.repo_change_files(owner, name, **change)
        raise AssertionError("a branch was made twice")
    except ApiError as error:
        assert error.status_code == 422
    # Not in one commit with the others: for what is gone the server answers null among the files, which this client does not take.
    gone = rest.repo_delete_file(owner, name, "README.md", sha=readme.sha, branch=BRANCH, message="A client's removal")
    changed = described(gone)
    assert described(rest.repo_get_branch(owner, name, BRANCH)).commit.id == changed.commit.sha
    described(rest.repo_get_single_commit(owner, name, changed.commit.sha))
    assert described(rest.repo_compare_diff(owner, name, f"main...{BRANCH}")).total_commits == 2
    label = described(client.issue.create_label(owner, name, name="automated", color="#00aabb"))
    request = {"head": BRANCH, "base": "main", "title": "WIP: A client's pull request", "body": "Its body"}
    opened = described(rest.repo_create_pull_request(owner, name, labels=[label.id], **request))
    assert opened.draft and opened.labels[0].name == "automated"
    try:
        rest.repo_create_pull_request(owner, name, **request)
        raise AssertionError("a pull request was made twice")
    except ApiError as error:
        assert error.status_code == 409
    described(rest.repo_create_pull_review_requests(owner, name, opened.number, reviewers=["maria"]))
    assert [one.number for one in described(rest.repo_list_pull_requests(owner, name, state="open"))] == [opened.number]
    assert described(rest.repo_get_pull_request_by_base_head(owner, name, "main", BRANCH)).number == opened.number
    described(rest.repo_edit_pull_request(owner, name, opened.number, title="A better title"))
    rest.repo_merge_pull_request(owner, name, opened.number, do="merge", head_commit_id=changed.commit.sha)
    assert described(rest.repo_get_pull_request(owner, name, opened.number)).merged


def webhook(event, secret, signature, file):
    """Checks a delivery of GitHub's by its signature and its description."""
    from githubkit.webhooks import parse, verify

    with open(file, "rb") as opened:
        body = opened.read()
    assert verify(secret, body, signature)
    assert not verify(secret, body + b" ", signature)
    parse(event, body)


if __name__ == "__main__":
    if sys.argv[1] == "webhook":
        sys.exit(webhook(*sys.argv[2:]))
    provider, url, token, repository = sys.argv[1:]
    owner, name = repository.rsplit("/", 1)
    {"github": github, "gitlab": gitlab, "gitea": gitea}[provider](url, token, owner, name)
