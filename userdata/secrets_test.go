package userdata

import (
	"encoding/base64"
	"strings"
	"testing"
)

// Made up, and credentials of nothing. They are put together here so that no scanner of repositories takes them for real.
var (
	fakeAWS    = "hT4kQz9/Wm2Xc8Vb+nL6yHs0DfGjE1uRa7oPi3Mt"
	fakeCF     = "Yq8_rTw3-Lm0ZbXy5HnKpD7sGfJ1uCe9aVo2iRtQ"
	fakeHex    = strings.Repeat("7c1e9a0b5d", 8)
	fakeLetter = "aB3dE5fG7hJ9kL1mN2pQ4rS6tU8vW0xY"
)

func TestWhatLooksLikeASecretIsFound(t *testing.T) {
	b64 := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	for name, text := range map[string]string{
		"a bare AWS secret": fakeAWS, "one in quotes": `export X="` + fakeAWS + `"`, "one in a list": "- " + fakeAWS, "aws configure set": "aws configure set aws_secret_access_key " + fakeAWS,
		"aws configure set with a profile": "aws configure set --profile p aws_secret_access_key abcdef123456", "a bare Cloudflare token": "echo " + fakeCF, "one as an argument": "./join --zone example.com " + fakeCF,
		"a Cloudflare API key": "key " + fakeHex[:37], "a Cloudflare origin key": "v1.0-" + fakeHex[:24] + "-" + fakeHex + fakeHex, "a new Cloudflare token": "cfut_" + fakeCF + "12345678",
		"a Slack webhook": "curl -d x https://hooks.slack.com/services/T0" + "1ABCDEF/B02ABCDEF/" + fakeLetter[:24], "a Discord webhook": "https://discord.com/api/webhooks/123456789012345678/" + fakeLetter + fakeLetter,
		"curl -u": "curl -u admin:hunter22 https://example.com/", "curl --user": "curl -sf --user 'deploy:Pa55-word' https://example.com", "curl with a header": "curl -H 'X-Api-Key: " + fakeLetter + "' x", "basic": "curl -H 'Authorization: Basic " + b64("user:pass-word-1") + "' x",
		"DB_PASS": "DB_PASS=hunter22", "export DB_PASS": "export DB_PASS='tr0ub4dor'", "PGPASSWORD": "PGPASSWORD=hunter22 psql", "MYSQL_PWD": "MYSQL_PWD=hunter22", "REDIS_PW": "REDIS_PW: hunter22", "camel": `{"dbPassword": "hunter22"}`, "secretKey": `secretKey: "` + fakeLetter + `"`,
		"GitLab": "git clone https://oauth2:glpat-" + fakeLetter[:20] + "@gitlab.com/x", "GitLab alone": "glpat-" + fakeLetter[:20], "GitLab runner": "gitlab-runner register --token glrt-" + fakeLetter[:20], "GitLab deploy": "gldt-" + fakeLetter[:20],
		"npm": "npm_" + fakeLetter + "abcd", "npmrc": "//registry.npmjs.org/:_authToken=" + fakeLetter, "PyPI": "pypi-AgEIcHlwaS5vcmcC" + fakeLetter, "GitHub": "ghp_" + fakeLetter + "abcd", "GitHub fine": "github_pat_" + fakeLetter, "Docker Hub": "dckr_pat_" + fakeLetter[:27],
		"base64 of a private key": b64("-----BEGIN RSA PRIVATE KEY-----\nMIIE"), "base64 of an AWS secret": "echo " + b64(fakeAWS) + " | base64 -d", "base64 of an access key": b64("aws_access_key_id = AKIAIOSFODNN7EXAMPLE"), "base64 of a GitLab token": b64("glpat-" + fakeLetter[:20]),
		"base64 of a key over lines": "cat <<E | base64 -d\n" + b64("-----BEGIN OPENSSH PRIVATE KEY-----\n")[:24] + "\n" + b64("-----BEGIN OPENSSH PRIVATE KEY-----\n")[24:] + "\nE",
		"split by a continuation":    "export TOKEN=\\\n  " + fakeLetter, "split in itself": "x=" + fakeAWS[:20] + "\\\n" + fakeAWS[20:], "split in quotes": `x="` + fakeAWS[:20] + `""` + fakeAWS[20:] + `"`, "split by a plus": "x='" + fakeAWS[:20] + "' + '" + fakeAWS[20:] + "'",
		"an OpenAI key": "sk-proj-" + fakeLetter + fakeLetter, "an Anthropic key": "sk-ant-api03-" + fakeLetter, "Stripe": "sk_live_" + fakeLetter[:24], "SendGrid": "SG." + fakeLetter[:22] + "." + fakeLetter, "Twilio": "SK" + fakeHex[:32], "Telegram": "123456789:AA" + fakeLetter + "c",
		"Vault": "hvs." + fakeLetter, "Tailscale": "tailscale up --authkey tskey-auth-" + fakeLetter, "Azure": "AccountKey=" + fakeAWS + fakeAWS + "==", "an age key": "AGE-SECRET-KEY-1" + strings.ToUpper(strings.Repeat("qpzry9x8gf", 6)), "DigitalOcean": "dop_v1_" + fakeHex[:64], "Hugging Face": "hf_" + strings.Repeat("aBcDeFgHiJ", 4)[:34],
		"sshpass": "sshpass -p hunter22 ssh x", "mysql -p": "mysql -u root -phunter22 db", "docker login": "docker login -u x -p hunter22 registry", "redis": "redis-cli -a hunter22 ping", "htpasswd": "htpasswd -bc /etc/f admin hunter22", "chpasswd": "echo 'root:hunter22' | chpasswd", "passwd": "echo hunter22 | passwd --stdin root",
		"a password flag": "wget --password=hunter22 x", "a token flag": "vault login --token " + fakeLetter, "netrc": "machine x login y password hunter22", "SQL": "CREATE USER x IDENTIFIED BY 'hunter22';", "postgres": "ALTER USER x WITH PASSWORD 'hunter22'", "openssl": "openssl enc -pass pass:hunter22",
		"a session": "AWS_SESSION_TOKEN=" + fakeAWS + fakeAWS, "cloud-init": "  - {name: root, password: hunter22, type: text}", "a hash": "passwd: $6$rounds=4096$abcdefgh$abcdefghijkl", "a yescrypt hash": "passwd: $y$j9T$abcdefghijkl$mnopqrstuv", "a URL": "redis://:hunter22@cache:6379", "kubeadm": "kubeadm join --token abcdef.0123456789abcdef 10.0.0.1:6443",
		"a JSON web token": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0." + fakeLetter, "Terraform": "credentials \"app.terraform.io\" { token = \"" + fakeLetter + "\" }", "percent": "x=%67%6c%70%61%74%2d" + fakeLetter[:20],
	} {
		if got := findSecrets([]byte("#!/bin/sh\n" + text + "\necho done\n")); len(got) == 0 {
			t.Errorf("%s is missed:\n%s", name, text)
		} else if len(got) > 1 || got[0].Line != 2 && !strings.Contains(name, "over lines") {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestWhatAScriptIsMadeOfIsNoSecret(t *testing.T) {
	for _, text := range []string{
		"DB_PASS=$(mdata-get db-pass)", `DB_PASS="$DB_PASS"`, "DB_PASS=${DB_PASS:?}", "password: \"{{ password }}\"", "export PWD=/root", "OLDPWD=/tmp/x", "compass=north-west", "bypass: always-on", "PASSWORD_FILE=/run/secret", "--password-stdin", "--token-file /run/token",
		"curl -u \"$user:$pass\" https://example.com", "curl -fsS -o /tmp/x https://example.com/a-b_c.tar.gz", "curl -H \"Authorization: Bearer $TOKEN\" x", "aws configure set region us-east-1", "aws configure set output json", "aws configure set aws_secret_access_key \"$KEY\"",
		"sha256sum -c <<< 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  x'", "git checkout 7c1e9a0b5d7c1e9a0b5d7c1e9a0b5d7c1e9a0b5d", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJl3dIeudNqd0DPMRD6OIh65tjkxFNOtwGcWB2gCgPhk ops", "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQC7" + strings.Repeat("vYbT3dKq", 30) + " ops",
		"-----BEGIN CERTIFICATE-----", "-----BEGIN PGP PUBLIC KEY BLOCK-----", "signed-by: /usr/share/keyrings/Docker-Archive-2024-Keyring.gpg", "arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/db-AbCdEf", "key: arn:aws:ssm:us-east-1:1:parameter/rollcall/cloudflare-token", "ami-0d3b1a2f4c5e60718 subnet-0a1b2c3d4e5f60718", "b8c8dad1-1bd2-4e29-bcc4-b03adfd3a2c1",
		"token_source=metadata", "token=$(curl -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' http://169.254.169.254/latest/api/token)", "-H \"X-aws-ec2-metadata-token: $t\"", "# the token: required for the zone", "chpasswd: {expire: false}", "ssh_pwauth: false", "lock_passwd: true", "echo \"$pw\" | passwd --stdin root",
		"deb https://user:$PW@apt.example.com stable main", "https://github.com/Organisation/Repository-Name_2024/releases/download/v1.2.3/x.tgz", "/usr/local/share/MyApp/Version-2024/Plugins/x", "echo SGVsbG8gd29ybGQsIHRoaXMgaXMgbm8gc2VjcmV0 | base64 -d", "echo aGVsbG8= | base64 -d", "usermod -aG docker ubuntu", "useradd -m -s /bin/bash app",
		"Environment=TOKEN_TTL=21600", "secret: {source: ssm, key: /rollcall/token}", "PRIVATE_KEY_PATH=/etc/ssl/private/x.key", "ssl_certificate_key /etc/ssl/private/nginx.key;", "AuthorizedKeysFile .ssh/authorized_keys", "keyserver: hkps://keys.openpgp.org", "apt-key adv --recv-keys 9DC858229FC7DD38854AE2D88D81803C0EBFCD88",
	} {
		if got := findSecrets([]byte("#!/bin/sh\n" + text + "\necho done\n")); len(got) > 0 {
			t.Errorf("%q: %+v", text, got)
		}
	}
}
