--- Generated values that keep the rules of their fields. A pattern cannot be turned into a value: values are tried until one fits it.
local core = require "rille.core"

local ruled = {}

local TRIES = 200

local function bounds(range, low, high, width)
  local least, most = tonumber(range.min), tonumber(range.max)
  if least and most then return least, most end
  if least then return least, math.max(high, least + width) end
  if most then return math.min(low, most - width), most end
  return low, high
end

local RANGES = {
  Int = function(g, range)
    local low, high = bounds(range, 1, 1000, 1000)
    return g:int(math.ceil(low), math.floor(high))
  end,
  Float = function(g, range)
    local low, high = bounds(range, 0, 1000, 1000)
    return high - low < 0.1 and low or g:number(low, high, 2)
  end,
  Decimal = function(g, range)
    local low, high = bounds(range, 0, 1000, 1000)
    return high - low < 0.1 and (range.min or range.max) or g:decimal(low, high, 2)
  end,
}
RANGES.BigInt = RANGES.Int

-- Words that make a text long enough, then the part that is short enough.
local function fit(g, text, length)
  while #text < (length.min or 0) do text = text .. (text ~= "" and " " or "") .. g:word() end
  if length.max and #text > length.max then text = text:sub(1, length.max) end
  return (text:gsub("%s$", "x"))
end

local function text(generator, rules)
  local make = rules.email and function(g) return g:email() end or rules.url and function(g) return g:url() end or generator
  local whole = rules.email or rules.url
  return function(g)
    local value
    for _ = 1, rules.pattern and TRIES or 1 do
      value = make(g)
      if rules.length and not whole then value = fit(g, value, rules.length) end
      if rules.lowercase then value = value:lower() end
      if not rules.pattern or value:find(rules.pattern) then return value end
    end
    return value
  end
end

local FROM, TO, YEAR = 1577836800, 1767225599, 31536000

local function datetime(field, range)
  if field.native == "Time" or field.native == "Timetz" then return function() return range.min or range.max end end
  local low, high = range.min and math.ceil(core.time(range.min)), range.max and math.floor(core.time(range.max))
  low = low or math.min(FROM, high - YEAR)
  high = high or math.max(TO, low + YEAR)
  return function(g) return g:date(low, high) end
end

--- The generator of a field with rules.
---@param field table as core.schema_models gives it
---@param generator function that knows nothing of rules
---@return function generator
---@return integer|nil length the most that a string may have
function ruled.generator(field, generator)
  local rules = field.rules
  if rules.one_of then return function(g) return g:choice(rules.one_of) end end
  local range = rules.range and RANGES[field.type]
  if range then return function(g) return range(g, rules.range) end end
  if field.type == "DateTime" and rules.range then return datetime(field, rules.range) end
  if field.type ~= "String" then return generator end
  return text(generator, rules), rules.length and rules.length.max
end

return ruled
