// SPDX-License-Identifier: LGPL-3.0-or-later

// The operations of all rooms.  New rooms are added at the end (program.hpp).

#pragma once

#include "program.hpp"

namespace diff {

extern const Room *const kRooms[];
extern const size_t kRoomCount;

extern const Room kContextRoom;
extern const Room kLoopRoom;
extern const Room kFdRoom;
extern const Room kTimerRoom;
extern const Room kImmediateRoom;
extern const Room kSignalRoom;
extern const Room kRequestRoom;
extern const Room kFinishRoom;
extern const Room kQueueRoom;
extern const Room kThreadRoom;
extern const Room kWrapperRoom;
extern const Room kProfileRoom;

} // namespace diff
