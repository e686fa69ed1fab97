package world

import "rollcall/providers"

// Ids of the Triton catalogue.
const (
	DebianImage   = "9b2d5a3e-7c41-4f0e-8a35-0c6f1d2e3b4a"
	UbuntuImage   = "5f1e8c7d-2b3a-4c9d-9e8f-7a6b5c4d3e2f"
	PublicNetwork = "feb7b2c5-0063-42f0-a4e6-b812917397f7"
	FabricNetwork = "22f6f4b1-7d3e-4b0a-9c1d-5e4f3a2b1c0d"
)

// Image is a simulated machine image.
type Image struct {
	ID, Name, OS, Version, Arch, Owner, Description string
	Published                                       string // RFC 3339
}

// Size is a simulated instance type or package.
type Size struct {
	ID, Name  string // UUID of a Triton package, or the name of an EC2 type
	VCPUs     int
	MemoryMiB int
	DiskGiB   int
}

// Network is a simulated subnet or network.
type Network struct {
	ID, Name, CIDR, VPC, Zone string
	Public                    bool
}

// Images returns the images of a cloud.
func (w *World) Images(cloudName string) []Image {
	if w.cloud(cloudName).Provider == providers.Triton {
		return []Image{
			{ID: DebianImage, Name: "debian-12", OS: "linux", Version: "20260901.1", Arch: "x86_64", Description: "Debian 12 (bookworm) 64-bit image", Published: "2026-09-01T10:00:00Z"},
			{ID: UbuntuImage, Name: "ubuntu-certified-24.04", OS: "linux", Version: "20260915", Arch: "x86_64", Description: "Ubuntu 24.04 LTS 64-bit image", Published: "2026-09-15T10:00:00Z"},
		}
	}
	return []Image{
		{ID: "ami-0d3b1a2f4c5e60718", Name: "debian-12-amd64-20260901-1856", OS: "Linux/UNIX", Version: "12", Arch: "x86_64", Owner: "136693071363", Description: "Debian 12 (20260901-1856)", Published: "2026-09-01T10:00:00.000Z"},
		{ID: "ami-0e4c2b3a5d6f71829", Name: "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-20260915", OS: "Linux/UNIX", Version: "24.04", Arch: "x86_64", Owner: "099720109477", Description: "Canonical, Ubuntu, 24.04, amd64 noble image", Published: "2026-09-15T10:00:00.000Z"},
	}
}

// Sizes returns the instance types or packages of a cloud.
func (w *World) Sizes(cloudName string) []Size {
	if w.cloud(cloudName).Provider == providers.Triton {
		return []Size{
			{ID: "7b17343c-94af-6266-e0e8-893a3b9993d0", Name: "g4-highcpu-1G", VCPUs: 1, MemoryMiB: 1024, DiskGiB: 25},
			{ID: "8c28454d-a5b0-7377-f1f9-9a4b4caaa4e1", Name: "g4-highcpu-2G", VCPUs: 2, MemoryMiB: 2048, DiskGiB: 50},
			{ID: "9d39565e-b6c1-8488-a2a0-ab5c5dbbb5f2", Name: "g4-general-4G", VCPUs: 2, MemoryMiB: 4096, DiskGiB: 100},
		}
	}
	return []Size{
		{ID: "t3.micro", Name: "t3.micro", VCPUs: 2, MemoryMiB: 1024},
		{ID: "t3.small", Name: "t3.small", VCPUs: 2, MemoryMiB: 2048},
		{ID: "t3.medium", Name: "t3.medium", VCPUs: 2, MemoryMiB: 4096},
		{ID: "t3.large", Name: "t3.large", VCPUs: 2, MemoryMiB: 8192},
		{ID: "m6i.large", Name: "m6i.large", VCPUs: 2, MemoryMiB: 8192},
		{ID: "m6i.xlarge", Name: "m6i.xlarge", VCPUs: 4, MemoryMiB: 16384},
		{ID: "c6i.large", Name: "c6i.large", VCPUs: 2, MemoryMiB: 4096},
		{ID: "c6i.xlarge", Name: "c6i.xlarge", VCPUs: 4, MemoryMiB: 8192},
		{ID: "r6i.large", Name: "r6i.large", VCPUs: 2, MemoryMiB: 16384},
	}
}

// Networks returns the subnets or networks of a cloud.
func (w *World) Networks(cloudName string) []Network {
	c := w.cloud(cloudName)
	if c.Provider == providers.Triton {
		return []Network{
			{ID: PublicNetwork, Name: "Joyent-SDC-Public", Public: true},
			{ID: FabricNetwork, Name: "My-Fabric-Network"},
		}
	}
	return []Network{{ID: "subnet-0a1b2c3d4e5f60718", Name: "public-a", CIDR: "10.16.0.0/16", VPC: "vpc-0a1b2c3d4e5f60718", Zone: c.Region + "a", Public: true}}
}

// KeyPairs returns the key pairs of an EC2 cloud.
func (w *World) KeyPairs(cloudName string) []string {
	if w.cloud(cloudName).Provider == providers.EC2 {
		return []string{"ops"}
	}
	return nil
}
