#include "world.hpp"
namespace diff {
void queue_gone(QueueSlot &) {}
void entry_gone(EntrySlot &) {}
void proxy_gone(ProxySlot &) {}
void free_wrapper_uses() {}
}
