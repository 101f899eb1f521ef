--- Date-times for filters and data.
local core = require "rille.core"
local errors = require "rille.errors"
local options = require "rille.options"

local values = {}

local SECONDS = { seconds = 1, minutes = 60, hours = 3600, days = 86400, weeks = 604800 }

--- Returns the current time as in rows: ISO-8601, UTC, in milliseconds.
---@return string
function values.now() return core.clock(0) end

--- Returns the time a span before now, as in `createdAt = { gte = rille.ago{ days = 7 } }`. Negative numbers give times in the future.
---@param span { weeks?: number, days?: number, hours?: number, minutes?: number, seconds?: number }
---@return string
function values.ago(span)
  if type(span) == "table" then span = core.plain(span, "rille.ago") end
  if type(span) ~= "table" or next(span) == nil then
    errors.raise("VALIDATION", "rille.ago: expected a table, as in { days = 7 } or { hours = 1, minutes = 30 }")
  end
  options.check_names(span, SECONDS, "rille.ago")
  local seconds = 0
  for unit, n in pairs(span) do
    if type(n) ~= "number" then errors.raise("VALIDATION", "rille.ago: %s: expected a number, got a %s", unit, type(n)) end
    seconds = seconds + n * SECONDS[unit]
  end
  return core.clock(seconds)
end

local ISO = "%Y-%m-%dT%H:%M:%SZ"
-- The conversions of C99; older versions of Lua pass any conversion to the C library.
local CONVERSION = "^%%[aAbBcCdDeFgGhHIjmMnprRStTuUVwWxXyYzZs%%]"
local MODIFIED = "^%%E[cCxXyY]"
local MODIFIED_DIGITS = "^%%O[deHImMSuUVwWy]"

-- Returns the seconds east of UTC at that time, and the name for %Z.
local function offset_of(zone, seconds)
  if zone == nil or zone == "UTC" or zone == "Z" then return 0, "UTC" end
  if type(zone) == "function" then
    local offset, name = zone(seconds)
    if type(offset) == "number" and offset % 1 == 0 and offset > -86400 and offset < 86400 then return offset, name end
    errors.raise("VALIDATION", "rille.date: zone: the function must return the seconds east of UTC, an integer of less than a day")
  end
  local sign, hours, minutes = tostring(zone):match "^([+-])(%d%d):?(%d%d)$"
  if not sign or hours > "23" or minutes > "59" then
    errors.raise("VALIDATION", "rille.date: zone: expected \"+02:00\", \"local\" or a function of the seconds since 1970, got %s",
      type(zone) == "string" and ("%q"):format(zone) or "a " .. type(zone))
  end
  local offset = tonumber(hours) * 3600 + tonumber(minutes) * 60
  return sign == "-" and -offset or offset, nil
end

local function put_in(format, own)
  return (format:gsub("%%.", function(two) return own[two] and own[two]:gsub("%%", "%%%%") end))
end

-- os.date knows only UTC and the machine's zone. For other zones it gets the local time there, and the zone's own conversions are replaced before.
local function zone_words(offset, name)
  local clock = ("%s%02d:%02d"):format(offset < 0 and "-" or "+", math.floor(math.abs(offset) / 3600), math.floor(math.abs(offset) % 3600 / 60))
  return { ["%z"] = clock:gsub(":", ""), ["%Z"] = name or clock }
end

local function check_format(format)
  local at = format:find("%", 1, true)
  while at do
    local _, last = format:find(CONVERSION, at)
    if not last then _, last = format:find(MODIFIED, at) end
    if not last then _, last = format:find(MODIFIED_DIGITS, at) end
    if not last then errors.raise("VALIDATION", "rille.date: format: `%s` is not a conversion of strftime", format:sub(at, at + 1)) end
    at = format:find("%", last + 1, true)
  end
end

--- Formats a date-time with a format of C's strftime: rille.date(row.createdAt, "%d.%m.%Y %H:%M").
---@param value string|number ISO-8601 as in rows, or seconds since 1970; fractions of a second are ignored
---@param format? string "%Y-%m-%dT%H:%M:%SZ" by default
---@param zone? string|fun(seconds: integer): integer, string? UTC when it is missing; "+02:00"; "local", the zone of the machine; or a function that
---   returns the seconds east of UTC at that time, and the text for %Z
---@return string
function values.date(value, format, zone)
  local seconds = type(value) == "string" and core.time(value) or value
  if type(seconds) ~= "number" or seconds ~= seconds or seconds < -62167219200 or seconds >= 253402300800 then
    errors.raise("VALIDATION", "rille.date: expected an ISO-8601 string, or seconds since 1970 from the year 0 to 9999, got %s",
      type(value) == "number" and tostring(value) or "a " .. type(value))
  end
  if format ~= nil and type(format) ~= "string" then errors.raise("VALIDATION", "rille.date: format: expected a string, got a %s", type(format)) end
  seconds, format = math.floor(seconds), format or ISO
  check_format(format)
  local stamp = ("%.0f"):format(seconds)
  if zone == "local" then return os.date(put_in(format, { ["%s"] = stamp }), seconds) end
  local offset, name = offset_of(zone, seconds)
  local own = zone_words(offset, name)
  own["%s"] = stamp
  return os.date("!" .. put_in(format, own), seconds + offset)
end

return values
