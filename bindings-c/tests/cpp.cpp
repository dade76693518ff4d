// The header in C++, and the library linked into it.

#include <wspair.h>

#include <cstring>
#include <memory>
#include <string>

struct Free {
  void operator()(wspair_conn *conn) const { wspair_conn_free(conn); }
};

int main() {
  wspair_conn *made = nullptr;
  if (wspair_conn_new_server(nullptr, nullptr, &made) != WSPAIR_OK) return 1;
  std::unique_ptr<wspair_conn, Free> conn(made);

  std::string input("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", 11);
  wspair_event event;
  size_t count = 0, used = 0;
  wspair_result result = wspair_conn_receive(conn.get(), reinterpret_cast<uint8_t *>(&input[0]),
                                             input.size(), &event, 1, &count, &used);
  if (result < 0 || count != 1 || event.type != WSPAIR_EVENT_TEXT) return 1;
  std::string text(reinterpret_cast<const char *>(event.data), event.len);
  return text == "Hello" && std::strcmp(wspair_version(), WSPAIR_VERSION) == 0 ? 0 : 1;
}
