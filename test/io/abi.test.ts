/**
 * Sizes, places and numbers of C that src/io writes down, as the compilers of both processors have
 * them. A number is read where it stands, so that it cannot be right here and wrong there.
 */
import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { ABIS } from "../../src/io/abi.ts";

const IO = resolve(import.meta.dir, "../../src/io");
const COMPILERS = { x64: "x86_64-linux-gnu-gcc", arm64: "aarch64-linux-gnu-gcc" } as const;

const HEADERS = [
  ...["dlfcn.h", "errno.h", "linux/sockios.h", "netinet/in.h", "netinet/tcp.h", "netinet/udp.h"],
  ...["sched.h", "signal.h"],
];
const SYSTEM_HEADERS = ["epoll", "eventfd", "mman", "prctl", "resource", "socket", "time", "un"];
const DEFINED = `#define _GNU_SOURCE
#include <stddef.h>
#include <time.h>
${HEADERS.map((name) => `#include <${name}>`).join("\n")}
${SYSTEM_HEADERS.map((name) => `#include <sys/${name}.h>`).join("\n")}
#define IS(what, value) _Static_assert((long)(what) == (value), #what " is not " #value);
`;

/** Numbers that have the name that they have in C, such as SOL_UDP. */
const NAMED =
  /^(?:export )?const ((?:AF|CLOCK|EFD|IP|IPPROTO|IPV6|MADV|MFD|MSG|PR|RLIMIT|RTLD|RUSAGE|SCM|SHUT|SO|SOCK|SOL|TCP|UDP)_\w+|E(?!NCRYPT)[A-Z]+|SIGKILL) = (\w+);$/gm;
/** Of ours all the same, or too new for the headers of some machines. */
const NO_NAMES = /_BYTES$|^MFD_EXEC$/;

/** What has a name of ours: file, our name, what it is in C. */
const OURS: readonly (readonly [string, string, string])[] = [
  ["affinity.ts", "MASK_BYTES", "sizeof(cpu_set_t)"],
  ["clock.ts", "TIMESPEC_BYTES", "sizeof(struct timespec)"],
  ["epoll.ts", "ADD", "EPOLL_CTL_ADD"],
  ["epoll.ts", "REMOVE", "EPOLL_CTL_DEL"],
  ["epoll.ts", "CHANGE", "EPOLL_CTL_MOD"],
  ["epoll.ts", "CLOEXEC", "EPOLL_CLOEXEC"],
  ["libc.ts", "WORD_BYTES", "sizeof(int)"],
  ["receive-arena.ts", "CMSG_HEADER_BYTES", "sizeof(struct cmsghdr)"],
  ["receive-arena.ts", "HEADER_BYTES", "sizeof(struct mmsghdr)"],
  ["receive-arena.ts", "IOVEC_BYTES", "sizeof(struct iovec)"],
  ["receive-arena.ts", "NAME_AT", "offsetof(struct mmsghdr, msg_hdr.msg_name)"],
  ["receive-arena.ts", "NAME_LENGTH", "offsetof(struct mmsghdr, msg_hdr.msg_namelen) / 4"],
  ["receive-arena.ts", "IOVEC_AT", "offsetof(struct mmsghdr, msg_hdr.msg_iov)"],
  ["receive-arena.ts", "IOVECS_AT", "offsetof(struct mmsghdr, msg_hdr.msg_iovlen)"],
  ["receive-arena.ts", "CONTROL_AT", "offsetof(struct mmsghdr, msg_hdr.msg_control)"],
  ["receive-arena.ts", "CONTROL_LENGTH", "offsetof(struct mmsghdr, msg_hdr.msg_controllen) / 4"],
  ["receive-arena.ts", "FLAGS", "offsetof(struct mmsghdr, msg_hdr.msg_flags) / 4"],
  ["receive-arena.ts", "LENGTH", "offsetof(struct mmsghdr, msg_len) / 4"],
  ["resource-limit.ts", "RLIMIT_BYTES", "sizeof(struct rlimit)"],
  ["systemd.ts", "PATH_MAX", "sizeof(((struct sockaddr_un *)0)->sun_path)"],
  ["tcp-socket.ts", "NAME_BYTES", "sizeof(struct sockaddr_in6)"],
  ["tcp-socket.ts", "SIOCOUTQNSD", "SIOCOUTQNSD"],
  ["tcp-socket.ts", "SOCKLEN_BYTES", "sizeof(socklen_t)"],
  ["tcp-socket.ts", "WORD_BYTES", "sizeof(int)"],
  ["thread-usage.ts", "RUSAGE_BYTES", "sizeof(struct rusage)"],
  ["udp-sender.ts", "MSGHDR_BYTES", "sizeof(struct mmsghdr)"],
  ["udp-sender.ts", "IOVEC_BYTES", "sizeof(struct iovec)"],
  ["udp-sender.ts", "CONTROL_BYTES", "CMSG_SPACE(sizeof(unsigned short))"],
  ["udp-sender.ts", "CONTROL_LENGTH", "CMSG_LEN(sizeof(unsigned short))"],
  ["udp-socket.ts", "NAME_BYTES", "sizeof(struct sockaddr_in6)"],
  ["udp-socket.ts", "SOCKLEN_BYTES", "sizeof(socklen_t)"],
];

const folder = mkdtempSync(join(tmpdir(), "spillway-abi-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Lines of C that hold where everything is as src/io has it. */
function assertions(): readonly string[] {
  const texts = readdirSync(IO).map(
    (name) => [name, readFileSync(join(IO, name), "utf8")] as const,
  );
  const named = texts.flatMap(([, text]) => [...text.matchAll(NAMED)]);
  const ours = OURS.map(([file, name, c]) => {
    const text = texts.find(([each]) => each === file)![1];
    const value = new RegExp(`^(?:export )?const ${name} = (\\w+);$`, "m").exec(text)?.[1];
    return [`${file} ${name}`, c, value] as const;
  });
  return [
    ...named
      .filter(([, name]) => !NO_NAMES.test(name!))
      .map(([, name, value]) => is(name!, value!)),
    ...ours.map(([place, c, value]) => is(c, value ?? `${place} was not found`)),
    // Read and written without a name.
    is("sizeof(struct timeval)", "16"),
    is("offsetof(struct rusage, ru_stime)", "16"),
    is("offsetof(struct timeval, tv_usec)", "8"),
    is("offsetof(struct timespec, tv_nsec)", "8"),
    is("offsetof(struct iovec, iov_len)", "8"),
    is("offsetof(struct cmsghdr, cmsg_level)", "8"),
    is("offsetof(struct cmsghdr, cmsg_type)", "12"),
    is("offsetof(struct sockaddr_in, sin_addr)", "4"),
    is("offsetof(struct sockaddr_in6, sin6_addr)", "8"),
    is("sizeof(size_t)", "8"),
    is("EPOLLIN", "1"),
    is("EPOLLOUT", "4"),
    is("EPOLLERR", "8"),
  ];
}

/** 0o17 is 017 in C. */
function is(what: string, value: string): string {
  return `IS(${what}, ${value.replace(/^0o/, "0").replaceAll("_", "")})`;
}

for (const architecture of ["x64", "arm64"] as const) {
  const compiler = COMPILERS[architecture];
  const missing = Bun.which(compiler) === null;
  if (missing) console.log(`skipped: the compiler's word on ${architecture} (no ${compiler})`);

  test.skipIf(missing)(`what src/io tells Linux is what Linux wants on ${architecture}`, () => {
    const { epollEventBytes, epollDataAt } = ABIS[architecture];
    const lines = [
      ...assertions(),
      is("sizeof(struct epoll_event)", String(epollEventBytes)),
      is("offsetof(struct epoll_event, data)", String(epollDataAt)),
    ];
    expect(lines.length).toBeGreaterThan(60);
    const file = join(folder, `${architecture}.c`);
    writeFileSync(file, `${DEFINED}${lines.join("\n")}\n`);
    const result = Bun.spawnSync([compiler, "-fsyntax-only", file]);
    expect([result.exitCode, result.stderr.toString()]).toEqual([0, ""]);
  });
}
