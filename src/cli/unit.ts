/** The files of `spillway install` beside the configuration. */
import { SOCKET_BUFFER_BYTES } from "../limits.ts";

export const CONFIG_FILE = "/etc/spillway/spillway.toml";
/** Where `systemd` keeps what the service writes, and the name that the service has for it. */
export const STATE_FOLDERS = ["/var/lib/private/spillway", "/var/lib/spillway"];
/** Not the unit's name, which systemd gives to the dynamic user. */
export const CONFIG_GROUP = "spillway-config";

/** A file that the machine needs, whatever the configuration. */
export interface ServiceFile {
  readonly path: string;
  readonly text: string;
}

/** All of them, for all to read. */
export function serviceFiles(binary: string, privilegedPorts: boolean): readonly ServiceFile[] {
  return [
    { path: "/etc/systemd/system/spillway.service", text: systemdUnit(binary, privilegedPorts) },
    { path: "/etc/sysctl.d/60-spillway.conf", text: sysctlFile() },
    { path: "/etc/sysusers.d/spillway.conf", text: sysusersFile() },
  ];
}

/** Where a package has such a file: what stands in /etc counts before it. */
export function packagedPath(path: string): string {
  return path.replace(/^\/etc\//, "/usr/lib/");
}

/**
 * The unit. Hardened as far as a JIT compiler allows: MemoryDenyWriteExecute would stop it. The
 * service runs as a user of its own and reads its configuration through CONFIG_GROUP: a systemd
 * credential would be a copy that SIGHUP cannot see changes of.
 */
export function systemdUnit(binary: string, privilegedPorts: boolean): string {
  const capability = privilegedPorts ? "CAP_NET_BIND_SERVICE" : "";
  return `[Unit]
Description=Spillway WebRTC delivery server
Wants=network-online.target
After=network-online.target
StartLimitIntervalSec=0

[Service]
Type=notify
NotifyAccess=main
ExecStart=${binary} serve --config ${CONFIG_FILE}
# A mistake in the configuration fails the reload, says its line and changes nothing.
ExecReload=${binary} reload --config ${CONFIG_FILE} --pid $MAINPID
StateDirectory=spillway
StateDirectoryMode=0700
Restart=always
RestartSec=200ms
# A wrong configuration, and a group that systemd-sysusers has not made: no restart can mend them.
RestartPreventExitStatus=2 216
WatchdogSec=10s
# A process that hangs cannot speak: the journal has systemd's word for it, not a crash report.
WatchdogSignal=SIGKILL
TimeoutStartSec=30s
# drain-seconds of the configuration (10 by default) must fit.
TimeoutStopSec=60s
KillMode=mixed
LimitNOFILE=1048576
LimitCORE=0
OOMScoreAdjust=-200

DynamicUser=yes
SupplementaryGroups=${CONFIG_GROUP}
CapabilityBoundingSet=${capability}
AmbientCapabilities=${capability}
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
RemoveIPC=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM
UMask=0077
# Not MemoryDenyWriteExecute=: the JavaScript engine compiles to machine code at run time.

[Install]
WantedBy=multi-user.target
`;
}

/** Socket buffers: without them a keyframe burst to many viewers is cut short. */
function sysctlFile(): string {
  return `# Spillway asks for ${SOCKET_BUFFER_BYTES} bytes per media socket; the kernel's default limit is 212992.
net.core.rmem_max = ${SOCKET_BUFFER_BYTES}
net.core.wmem_max = ${SOCKET_BUFFER_BYTES}
# Datagrams that may wait for a busy core.
net.core.netdev_max_backlog = 10000
`;
}

/** The group that may read the configuration and the certificates beside it. */
function sysusersFile(): string {
  return `g ${CONFIG_GROUP} -\n`;
}
