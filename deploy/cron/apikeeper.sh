#!/bin/sh
# From cron:  7 * * * *  /opt/apikeeper/deploy/cron/apikeeper.sh /srv/api-keys >>/var/log/apikeeper.log 2>&1
# What the credentials must be allowed: `apikeeper iam-policy --mode enforce` (docs/aws.md).
# Exit codes: 0 in sync, 3 something that Git asks for was held, 1 failed.
set -eu
repository=${1:?the checkout that holds the manifests}
git -C "$repository" pull --quiet --ff-only
exec apikeeper run --once --mode enforce "$repository/manifests"
