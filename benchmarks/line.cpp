// Network lines in user space, for kernels that cannot delay packets: between the devices eth0 (TUN) of network
// namespaces, each at the end of a line to one switch, with so many Mbit/s each way. Needs root. benchmarks/namespaces
// makes the namespaces and starts it:
//
//     line MBIT_PER_SECOND DELAY_MILLISECONDS NAMESPACE…          the k-th has the address 10.77.0.k
//
// A packet leaves when those before it have left its line, arrives the delay later, and after those that arrive before
// it. Nothing is lost: a device whose line has 2 ms to send is not read.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <string>
#include <vector>

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <unistd.h>

namespace {

using Clock = std::chrono::steady_clock;
using Time = Clock::time_point;

struct Packet {
  Time arrival;
  std::vector<unsigned char> bytes;
};

/// One line: what leaves a namespace, and what is on its way to it.
struct Port {
  int device;
  Time sent{}, received{};  ///< when its line is free again, each way
  std::deque<Packet> incoming{};
};

[[noreturn]] void fail(const char* what) {
  std::perror(what);
  std::exit(1);
}

/// The device eth0 of a namespace.
int open_device(const std::string& name) {
  const int space = open(("/run/netns/" + name).c_str(), O_RDONLY | O_CLOEXEC);
  if (space < 0 || setns(space, CLONE_NEWNET) != 0) fail(name.c_str());
  close(space);
  const int device = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  ifreq request{};
  std::strcpy(request.ifr_name, "eth0");
  request.ifr_flags = IFF_TUN | IFF_NO_PI;
  if (device < 0 || ioctl(device, TUNSETIFF, &request) != 0) fail("/dev/net/tun");
  return device;
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 4) return std::fputs("usage: line MBIT_PER_SECOND DELAY_MILLISECONDS NAMESPACE…\n", stderr), 2;
  using Duration = std::chrono::duration<double, std::micro>;
  const double microseconds_per_byte = 8 / std::atof(arguments[1]);
  const auto delay = std::chrono::duration_cast<Clock::duration>(Duration(1e3 * std::atof(arguments[2])));
  constexpr auto full = std::chrono::milliseconds(2);
  std::vector<Port> ports;
  for (int i = 3; i < count; ++i) ports.push_back({open_device(arguments[i])});
  prctl(PR_SET_TIMERSLACK, 1'000);  // ns
  const sched_param first{.sched_priority = 1};
  sched_setscheduler(0, SCHED_FIFO, &first);  // a line waits for no processor

  std::vector<pollfd> waits(ports.size());
  std::array<unsigned char, 65'536> buffer;
  while (true) {
    const Time now = Clock::now();
    Time next = now + std::chrono::seconds(1);
    for (std::size_t p = 0; p < ports.size(); ++p) {
      Port& port = ports[p];
      for (; !port.incoming.empty() && port.incoming.front().arrival <= now; port.incoming.pop_front()) {
        const auto& bytes = port.incoming.front().bytes;
        if (write(port.device, bytes.data(), bytes.size()) < 0) std::perror("a packet is lost");
      }
      if (!port.incoming.empty()) next = (std::min)(next, port.incoming.front().arrival);
      const bool reads = port.sent < now + full;
      if (!reads) next = (std::min)(next, port.sent - full);
      waits[p] = {port.device, static_cast<short>(reads ? POLLIN : 0), 0};
    }
    const auto pause = (std::max)(next - Clock::now(), Clock::duration(0));
    const timespec timeout{pause.count() / 1'000'000'000, pause.count() % 1'000'000'000};
    if (ppoll(waits.data(), waits.size(), &timeout, nullptr) <= 0) continue;
    for (std::size_t p = 0; p < ports.size(); ++p) {
      if ((waits[p].revents & POLLIN) == 0) continue;
      const ssize_t size = read(ports[p].device, buffer.data(), buffer.size());
      if (size < 20 || buffer[0] >> 4 != 4) continue;  // IPv4 only
      const std::size_t to = buffer[19] - std::size_t{1};
      if (to >= ports.size()) continue;
      const auto length =
          std::chrono::duration_cast<Clock::duration>(Duration(static_cast<double>(size) * microseconds_per_byte));
      ports[p].sent = (std::max)(Clock::now(), ports[p].sent) + length;
      ports[to].received = (std::max)(ports[p].sent + delay, ports[to].received + length);
      ports[to].incoming.push_back({ports[to].received, {buffer.begin(), buffer.begin() + size}});
    }
  }
}
