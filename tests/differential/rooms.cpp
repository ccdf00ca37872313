// SPDX-License-Identifier: LGPL-3.0-or-later

#include "rooms.hpp"

namespace diff {

const Room *const kRooms[] = {&kContextRoom,   &kLoopRoom,   &kFdRoom,      &kTimerRoom,
                              &kImmediateRoom, &kSignalRoom, &kRequestRoom, &kFinishRoom,
                              &kQueueRoom,     &kThreadRoom, &kWrapperRoom, &kProfileRoom};

const size_t kRoomCount = sizeof(kRooms) / sizeof(kRooms[0]);

} // namespace diff
