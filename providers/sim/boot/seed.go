package boot

import (
	"fmt"
	"io/fs"

	"rollcall/providers"
	"rollcall/providers/sim/world"
)

// seedFile is a file of a cloud's image, or one that describes the machine's cloud.
type seedFile struct {
	text string
	mode fs.FileMode
}

// On EC2 cloud-init uses the metadata service. It recognises EC2 by the firmware's UUID, which a container lacks, so
// these settings name the data source.
const (
	ec2Source = "datasource_list: [Ec2Here]\n"
	ec2Here   = `"""cloud-init's data source for EC2, on a machine without firmware."""
from cloudinit import sources
from cloudinit.sources import DataSourceEc2 as ec2

ec2.identify_platform = lambda: ec2.CloudNames.AWS


def get_datasource_list(depends):
    return sources.list_from_depends(depends, [(ec2.DataSourceEc2, (sources.DEP_FILESYSTEM, sources.DEP_NETWORK))])
`
)

// On Triton cloud-init uses a serial line or a socket of the hypervisor. A container has neither, so cloud-init gets
// the few answers from files. Triton's images run the user-script at every boot, which a script of cloud-init's does
// here.
const (
	tritonSource = "datasource_list: [NoCloud]\n"
	userScript   = `#!/bin/sh
mkdir -p /var/svc
mdata-get user-script >/var/svc/mdata-user-script || exit 0
chmod 755 /var/svc/mdata-user-script
exec /var/svc/mdata-user-script
`
	mdataGet = `#!/bin/sh
# mdata-get KEY: a value of this machine's metadata; 1: there is no such key, 2: no answer.
[ $# = 1 ] || { echo "usage: mdata-get KEY" >&2; exit 2; }
status=$(curl -sS --noproxy '*' --max-time 10 --get --data-urlencode "key=$1" -o /run/mdata.$$ -w '%{http_code}' http://` + metadataAddress + `/mdata) || exit 2
case $status in
200) cat /run/mdata.$$ ;;
404) echo "No metadata for '$1'" >&2 ;;
*) echo "mdata-get: $status" >&2 ;;
esac
rm -f /run/mdata.$$
[ "$status" = 200 ] || { [ "$status" = 404 ] && exit 1; exit 2; }
`
)

// seed returns the files of a machine's disk in addition to the root file system.
func seed(i *world.Instance, c world.Cloud, authority []byte) map[string]seedFile {
	files := map[string]seedFile{"etc/ssl/certs/ca-certificates.crt": {string(authority), 0o644}}
	if c.Provider == providers.EC2 {
		files["etc/cloud/cloud.cfg.d/91_source.cfg"] = seedFile{ec2Source, 0o644}
		files["usr/lib/python3/dist-packages/DataSourceEc2Here.py"] = seedFile{ec2Here, 0o644}
		return files
	}
	files["etc/cloud/cloud.cfg.d/91_source.cfg"] = seedFile{tritonSource, 0o644}
	files["var/lib/cloud/seed/nocloud-net/meta-data"] = seedFile{fmt.Sprintf("{instance-id: %q, local-hostname: %q}\n", i.ID, i.Name), 0o644}
	files["var/lib/cloud/seed/nocloud-net/user-data"] = seedFile{"#cloud-config\n{}\n", 0o644}
	files["var/lib/cloud/scripts/per-boot/01-user-script"] = seedFile{userScript, 0o755}
	files["usr/sbin/mdata-get"] = seedFile{mdataGet, 0o755}
	return files
}
