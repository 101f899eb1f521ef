--- Default values of fields: a value that the column accepts, and that fits its name.
require "rille.seed.fake"
local ruled = require "rille.seed.ruled"

local fields = {}

-- By the name of a String field: the first that matches. Names are compared in lower case, without _.
local NAMES = {
  { "email", "email" }, { "firstname", "first_name" }, { "givenname", "first_name" }, { "lastname", "last_name" }, { "surname", "last_name" },
  { "username", "username" }, { "login", "username" }, { "nickname", "username" }, { "company", "company" }, { "title", "title" }, { "subject", "title" },
  { "headline", "title" }, { "slug", "slug" }, { "url", "url" }, { "website", "url" }, { "link", "url" }, { "image", "url" }, { "avatar", "url" },
  { "phone", "phone" }, { "city", "city" }, { "country", "country" }, { "street", "street" }, { "address", "street" }, { "zip", "postcode" },
  { "postcode", "postcode" }, { "postalcode", "postcode" }, { "colou?r", "color" }, { "content", "paragraphs" }, { "body", "paragraphs" },
  { "description", "paragraph" }, { "bio", "paragraph" }, { "text", "paragraph" }, { "comment", "sentence" }, { "message", "sentence" },
  { "summary", "sentence" }, { "excerpt", "sentence" }, { "uuid", "uuid" }, { "token", "hex" }, { "hash", "hex" }, { "password", "hex" }, { "^ip", "ip" },
}

local PEOPLE = { user = true, author = true, customer = true, person = true, employee = true, member = true, account = true, contact = true, student = true,
  teacher = true, player = true, owner = true, patient = true }

local function text_maker(field, model)
  local name = field.name:lower():gsub("_", "")
  for _, pair in ipairs(NAMES) do
    if name:find(pair[1]) then return pair[2] end
  end
  if name:find "name$" then return PEOPLE[model.snake] and name:find "^%a*name$" and "name" or "title" end
  return "words"
end

local NATIVE_TEXT = {
  Uuid = function(g) return g:uuid() end,
  Inet = function(g) return g:ip() end,
  Xml = function(g) return ("<note>%s</note>"):format(g:words(2)) end,
  Bit = function(g, n)
    local bits = {}
    for i = 1, n or 1 do bits[i] = tostring(g:int(0, 1)) end
    return table.concat(bits)
  end,
}
NATIVE_TEXT.VarBit = NATIVE_TEXT.Bit

-- Shortened to a length, at the end of a word if that leaves enough of it.
local function fit(text, length)
  if not length or #text <= length then return text end
  local cut = text:sub(1, length)
  local word = cut:match "^(.*)%s%S*$"
  return word and #word * 2 > length and word or cut
end

local LIMITED = { VarChar = true, Char = true }

local function text(field, model)
  local native = NATIVE_TEXT[field.native or ""]
  local length = field.native_args and field.native_args[1]
  if native then return function(g) return native(g, length) end end
  if not LIMITED[field.native or ""] then length = nil end
  if field.native == "Char" and not length then length = 1 end
  local maker = text_maker(field, model)
  local one_word = maker == "email" or maker == "url" or maker == "uuid" or field.native == "Char"
  return function(g)
    local value = g[maker](g)
    if not length or #value <= length then return value end
    return one_word and g:hex(length) or fit(value, length)
  end, length
end

local INT_BOUNDS = { SmallInt = 32767, TinyInt = 127 }

local function whole(field)
  local name = field.name:lower()
  local most = INT_BOUNDS[field.native or ""] or 1000000
  if name:find "age$" then return function(g) return g:int(18, 90) end end
  if name:find "year" then return function(g) return g:int(1950, 2025) end end
  if name:find "rating" or name:find "stars" then return function(g) return g:int(1, 5) end end
  if name:find "count" or name:find "quantity" or name:find "amount" then return function(g) return g:int(0, 100) end end
  return function(g) return g:int(1, most) end
end

local function decimal(field)
  local digits, places = 10, 2
  if field.native == "Decimal" and field.native_args then digits, places = field.native_args[1], field.native_args[2] or 0 end
  local most = math.min(10 ^ math.max(0, digits - places) - 1, 9999)
  if most < 1 then most = 0 end
  places = math.min(places, 8)
  return function(g) return most == 0 and g:decimal(0, 1 - 10 ^ -places, places) or g:decimal(0, most, places) end
end

local MAKERS = {
  String = text,
  Int = whole,
  BigInt = whole,
  Float = function() return function(g) return g:number(0, 1000, 2) end end,
  Decimal = decimal,
  Boolean = function() return function(g) return g:boolean() end end,
  DateTime = function(field)
    if field.native == "Date" then return function(g) return g:date():sub(1, 10) .. "T00:00:00.000Z" end end
    return function(g) return g:date() end
  end,
  Json = function() return function(g) return { [g:word()] = g:int(1, 100) } end end,
  Bytes = function() return function(g) return g:bytes(16) end end,
}

--- Returns a generator for a field, a function of a source of random numbers; and the maximum length of its strings.
---@param field table as core.schema_models gives it
---@param model table
---@param enums table<string, table>
---@return function generator
---@return integer|nil length
function fields.generator(field, model, enums)
  if field.kind == "enum" then
    local names = {}
    for i, value in ipairs(enums[field.type].values) do names[i] = value.name end
    return function(g) return g:choice(names) end
  end
  local generator, length = MAKERS[field.type](field, model)
  if not field.rules then return generator, length end
  local keeping, most = ruled.generator(field, generator)
  return keeping, most and length and math.min(most, length) or most or length
end

--- Returns whether a new row needs no value for it.
function fields.may_be_absent(field)
  return field.ignored or not field.required or field.list or field.has_default or field.updated_at
end

return fields
