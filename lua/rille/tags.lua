--- Tags: a comment that is sent with each statement, in the format of sqlcommenter, so that the database's log shows where a statement comes from.
local core = require "rille.core"
local client = require "rille.client"
local errors = require "rille.errors"
local options = require "rille.options"
local with = require "rille.with"

local tags = {}

-- The result contains nothing that could end a quoted value, a comment or a statement.
local function encode(text)
  return (text:gsub("[^%w%-_%.~]", function(c) return ("%%%02X"):format(c:byte()) end))
end

local VALUES = { string = true, number = true, boolean = true }

local function check(option, where)
  option = core.plain(option, where)
  for key, value in pairs(option) do
    if type(key) ~= "string" or key == "" then errors.raise("VALIDATION", "%s: names of tags are strings", where) end
    if key == "traceparent" then errors.raise("VALIDATION", "%s: traceparent is a separate option", where) end
    if not VALUES[type(value)] then errors.raise("VALIDATION", "%s: a tag must be a string, a number or a boolean, got a %s", where, type(value)) end
  end
  return option
end

--- Returns tags as the text of a comment: sorted, percent-encoded, quoted; "" for none.
---@param list table<string, string|number|boolean>
---@return string
function tags.comment(list)
  local parts = {}
  for key, value in pairs(list) do parts[#parts + 1] = ("%s='%s'"):format(encode(key), encode(tostring(value))) end
  table.sort(parts)
  return table.concat(parts, ",")
end

function with.options.tags(value, derive, from)
  local all, shared = {}, {}
  for key, old in pairs(from[client.SHARED]) do shared[key] = old end
  for key, old in pairs(shared.tags or {}) do all[key] = old end
  for key, new in pairs(check(value, "with: tags")) do all[key] = new end
  if next(all) then derive.comment = tags.comment(all) end
  shared.tags = all
  derive.shared = shared
end

function with.options.traceparent(value, derive)
  if type(value) ~= "string" and type(value) ~= "function" then
    options.refuse("with: traceparent", 'a string, as in "00-...", or a function that returns one', value)
  end
  derive.trace = value
end

-- The client that rille.connect returns is derived with its options.
client.opening[#client.opening + 1] = {
  check = function(given)
    if given.tags ~= nil then check(given.tags, "rille.connect: tags") end
    return { tags = given.tags, traceparent = given.traceparent }
  end,
  open = function(db, own) return next(own) and db:with(own) or db end,
}

return tags
