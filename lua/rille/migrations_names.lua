--- Names of migrations, as Prisma makes them of what a person types.
local errors = require "rille.errors"

local names = {}

local MOST = 200

-- Letters with marks, and what they are without.
local PLAIN = {
  a = "àáâãåāăąǎ", ae = "äæ", c = "çćĉċč", d = "ďđð", e = "èéêëēĕėęě", g = "ĝğġģ", h = "ĥħ", i = "ìíîïĩīĭįı", j = "ĵ", k = "ķ", l = "ĺļľŀł",
  n = "ñńņňŉ", o = "òóôõøōŏő", oe = "öœ", r = "ŕŗř", s = "śŝşšș", ss = "ß", t = "ţťŧț", th = "þ", u = "ùúûũūŭůűų", ue = "ü", w = "ŵ",
  y = "ýÿŷ", z = "źżž",
  A = "ÀÁÂÃÅĀĂĄǍ", Ae = "ÄÆ", C = "ÇĆĈĊČ", D = "ĎĐÐ", E = "ÈÉÊËĒĔĖĘĚ", G = "ĜĞĠĢ", H = "ĤĦ", I = "ÌÍÎÏĨĪĬĮİ", J = "Ĵ", K = "Ķ", L = "ĹĻĽĿŁ",
  N = "ÑŃŅŇ", O = "ÒÓÔÕØŌŎŐ", Oe = "ÖŒ", R = "ŔŖŘ", S = "ŚŜŞŠȘ", T = "ŢŤŦȚ", Th = "Þ", U = "ÙÚÛŨŪŬŮŰŲ", Ue = "Ü", W = "Ŵ", Y = "ÝŶŸ", Z = "ŹŻŽ",
}

local CHARACTER = "[%z\1-\127\194-\244][\128-\191]*"
local letters = { ["&"] = " and ", ["♥"] = " love " }
for plain, marked in pairs(PLAIN) do
  for character in marked:gmatch(CHARACTER) do letters[character] = plain end
end

-- fooBar -> foo Bar, HTMLParser -> HTML Parser. Runs of capitals are found one letter at a time: Lua's patterns have no repeated groups.
local function part(text)
  text = text:gsub("(%u%u+)(%d+)", "%1 %2")
  text = text:gsub("([%l%d])(%u%u+)", "%1 %2")
  text = text:gsub("([%l%d])(%u)", "%1 %2")
  return (text:gsub("(%u+)(%u[a-rt-z%d]+)", "%1 %2"))
end

--- What remains of a name: small letters, digits and `_`. Errors: P3010 when it is longer than 200 characters.
---@param text string
---@return string
function names.slug(text)
  text = text:gsub(CHARACTER, letters)
  text = part(text):lower()
  text = text:gsub("([%a%d]+)'([ts])(%s)", "%1%2%3"):gsub("([%a%d]+)'([ts])$", "%1%2")
  text = text:gsub("[^%l%d]+", "_"):gsub("^_", ""):gsub("_$", "")
  if #text > MOST then errors.raise("P3010", "the name of a migration has %d characters at most, this one has %d", MOST, #text) end
  return text
end

local function seconds_of(stamp)
  local year, month, day, hour, min, sec = stamp:match "^(%d%d%d%d)(%d%d)(%d%d)(%d%d)(%d%d)(%d%d)"
  if not year then return nil end
  return os.time { year = year, month = month, day = day, hour = hour, min = min, sec = sec, isdst = false }
end

--- The name of a new folder: the time and the name; later than every name in the list, whatever the clock says.
---@param name string
---@param list { name: string }[]
---@return string
function names.folder(name, list)
  local stamp = os.date "!%Y%m%d%H%M%S"
  local last = list[#list] and list[#list].name:match "^%d%d%d%d%d%d%d%d%d%d%d%d%d%d"
  if last and last >= stamp then stamp = os.date("%Y%m%d%H%M%S", seconds_of(last) + 1) end
  return ("%s_%s"):format(stamp, name)
end

return names
