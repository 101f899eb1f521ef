--- Times for filters and data.
local core = require "rille.core"
local errors = require "rille.errors"

local values = {}

local SECONDS = { seconds = 1, minutes = 60, hours = 3600, days = 86400, weeks = 604800 }

--- The time now, as rows have it: ISO-8601, UTC, to the millisecond.
---@return string
function values.now() return core.clock(0) end

--- The time that lies a span before now, as `createdAt = { gte = rille.ago{ days = 7 } }`. Negative numbers reach into the future.
---@param span { weeks?: number, days?: number, hours?: number, minutes?: number, seconds?: number }
---@return string
function values.ago(span)
  if type(span) == "table" then span = core.plain(span, "rille.ago") end
  if type(span) ~= "table" or next(span) == nil then
    errors.raise("VALIDATION", "rille.ago takes a table such as { days = 7 } or { hours = 1, minutes = 30 }")
  end
  errors.check_keys(span, SECONDS, "rille.ago")
  local seconds = 0
  for unit, n in pairs(span) do
    if type(n) ~= "number" then errors.raise("VALIDATION", "rille.ago: `%s` is a number, not a %s", unit, type(n)) end
    seconds = seconds + n * SECONDS[unit]
  end
  return core.clock(seconds)
end

return values
