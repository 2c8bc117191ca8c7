// Command pulumi-resource-docker serves the Docker resources of Terraform's
// provider to the Pulumi engine, under the tokens of the released plugin.
//
// It holds what stacks use: containers, images, networks, volumes, and the
// Swarm resources that come with them. It has no `docker:index:Image`: images
// are built with `docker:index/remoteImage:RemoteImage` and its `build` input,
// which the released plugin has as well.
package main

import (
	"strings"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	shim "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim/sdk-v2"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/terraform-providers/terraform-provider-docker/internal/provider"
)

// version is that of the released plugin whose schema this one follows;
// the linker sets it.
var version = "0.0.0"

// member is the token of a resource or function in the package's only module,
// for example docker:index/container:Container.
func member(name string) string {
	return "docker:index/" + strings.ToLower(name[:1]) + name[1:] + ":" + name
}

func resource(name string) *tfbridge.ResourceInfo {
	return &tfbridge.ResourceInfo{Tok: tokens.Type(member(name))}
}

func function(name string) *tfbridge.DataSourceInfo {
	return &tfbridge.DataSourceInfo{Tok: tokens.ModuleMember(member(name))}
}

// singular keeps the names of list fields that the bridge would make plural.
func singular(info *tfbridge.ResourceInfo, names map[string]string) *tfbridge.ResourceInfo {
	info.Fields = map[string]*tfbridge.SchemaInfo{}
	for field, name := range names {
		info.Fields[field] = &tfbridge.SchemaInfo{Name: name}
	}
	return info
}

func packageInfo() tfbridge.ProviderInfo {
	container := singular(resource("Container"), map[string]string{
		"command":           "command",
		"networks_advanced": "networksAdvanced",
	})
	container.DeleteBeforeReplace = true // its name and its ports are taken until the old one is gone

	info := tfbridge.ProviderInfo{
		P:       shim.NewProvider(provider.New(version)()),
		Name:    "docker",
		Version: version,
		Config: map[string]*tfbridge.SchemaInfo{
			"host": {Default: &tfbridge.DefaultInfo{
				Value:   "unix:///var/run/docker.sock",
				EnvVars: []string{"DOCKER_HOST"},
			}},
			"registry_auth": {Name: "registryAuth", MaxItemsOne: tfbridge.False()},
		},
		Resources: map[string]*tfbridge.ResourceInfo{
			"docker_config":         resource("ServiceConfig"),
			"docker_container":      container,
			"docker_image":          singular(resource("RemoteImage"), map[string]string{"name": "name"}),
			"docker_network":        resource("Network"),
			"docker_plugin":         resource("Plugin"),
			"docker_registry_image": resource("RegistryImage"),
			"docker_secret":         resource("Secret"),
			"docker_service":        resource("Service"),
			"docker_tag":            resource("Tag"),
			"docker_volume":         resource("Volume"),
		},
		DataSources: map[string]*tfbridge.DataSourceInfo{
			"docker_image":                    function("getRemoteImage"),
			"docker_logs":                     function("getLogs"),
			"docker_network":                  function("getNetwork"),
			"docker_plugin":                   function("getPlugin"),
			"docker_registry_image":           function("getRegistryImage"),
			"docker_registry_image_manifests": function("getRegistryImageManifests"),
		},
		IgnoreMappings: []string{"docker_buildx_builder"},
	}
	info.SetAutonaming(255, "-")
	return info
}

func main() {
	// The engine needs no schema at run time: programs carry their own SDK.
	tfbridge.Main("docker", version, packageInfo(), []byte(`{"name":"docker","version":"`+version+`"}`))
}
