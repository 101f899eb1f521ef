--- Generated data that looks real: names, words, addresses. Methods of a source of random numbers (rille.seed.random).
local random = require "rille.seed.random"

local fake = {}

local function list(text)
  local words = {}
  for word in text:gmatch "%S+" do words[#words + 1] = word end
  return words
end

local FIRST = list [[
  Alma Anton Berta Bruno Carla Cedric Dora Dario Elsa Emil Flora Felix Greta Gustav Hanna Hugo Ida Igor Jana Jonas Klara Kilian Lena Leon
  Mara Milan Nora Nils Olga Oskar Paula Pablo Rita Rufus Sara Simon Tilda Tomas Ulla Uwe Vera Viktor Wanda Willem Xenia Yara Yannis Zora
  Zeno
]]
local LAST = list [[
  Alder Ashgrove Barley Beechwood Birkmoor Bramble Brook Cedar Clover Copperfield Cotton Drift Elmstead Fairwind Farrow Fennel Finch Flint
  Foxglove Gale Glen Hawthorn Hazel Heath Hollow Ivory Juniper Kestrel Larch Linden Marlow Marsh Meadows Mossman Oakley Orchard Pebble Quill
  Reed Rowan Sable Sedge Sorrel Sparrow Stone Thistle Thorne Vale Willow Wren Yarrow
]]
local WORDS = list [[
  amber anchor apple arrow autumn basket beacon bell berry bird blanket boat bottle branch bread breeze bridge bright bronze brush bucket
  button calm candle canvas castle cedar chalk cherry circle clear cliff clock cloud coast coffee copper corner cotton country cradle
  crystal current curtain dance dawn deep desert distant door dream early east echo elder ember engine evening falcon feather field fire
  forest fountain fresh frost garden gentle glass golden grain granite grass green harbor harvest hill hollow honey horizon house island
  ivory jacket journey kettle key kind kitchen ladder lake lantern large leaf lemon letter light linen little lively long lucky maple marble
  market meadow melody mirror moment moon morning mountain narrow needle north ocean olive open orange orchard paper path pearl pebble
  pepper pine pocket pond prairie quiet quick rain rapid river road rocket round sand season shadow shell shore short silent silver simple
  sky small smooth snow soft solid song south spark spring star steady stone storm story stream street summer sun swift table tall thunder
  tide timber tower train tree tunnel valley velvet village violet walnut warm water wave west wheel wide willow wind window winter wonder
  wood yellow young
]]
local CITIES = list [[
  Ashford Birchhaven Brookfield Cedarville Clearwater Eastmere Fairport Foxhill Glenrock Greenbridge Harborview Hollyoak Lakemont Maplewood
  Millbrook Northgate Oakhurst Pinecrest Riverton Rosedale Silverton Southport Stonebridge Sunfield Westbrook Willowdale
]]
local COUNTRIES = list [[
  Austria Belgium Brazil Canada Chile Denmark Egypt Finland France Germany Ghana Greece India Ireland Italy Japan Kenya Mexico Norway Peru
  Poland Portugal Spain Sweden
]]
local STREETS = list "Street Road Lane Avenue Square Hill Way Park"
local HOSTS = { "example.com", "example.org", "example.net" } -- reserved for examples: nobody gets the mail

function fake:first_name() return self:choice(FIRST) end
function fake:last_name() return self:choice(LAST) end
function fake:name() return self:first_name() .. " " .. self:last_name() end

--- From a name, or from a generated one; it ends in a number, so that many differ.
function fake:email(name)
  name = name or self:name()
  local mailbox = name:lower():gsub("[^%w]+", "."):gsub("^%.+", ""):gsub("%.+$", "")
  return ("%s%d@%s"):format(mailbox ~= "" and mailbox or "somebody", self:int(1, 99999), self:choice(HOSTS))
end

function fake:username() return ("%s_%s%d"):format(self:word(), self:word(), self:int(1, 9999)) end
function fake:word() return self:choice(WORDS) end

--- n words.
function fake:words(n)
  local found = {}
  for i = 1, n or 3 do found[i] = self:word() end
  return table.concat(found, " ")
end

local function capital(text) return (text:gsub("^%l", string.upper)) end

--- A sentence of n (4 to 12) words.
function fake:sentence(n) return capital(self:words(n or self:int(4, 12))) .. "." end

--- A title of n (2 to 6) words, without a full stop.
function fake:title(n) return capital(self:words(n or self:int(2, 6))) end

--- A paragraph of n (3 to 6) sentences.
function fake:paragraph(n)
  local found = {}
  for i = 1, n or self:int(3, 6) do found[i] = self:sentence() end
  return table.concat(found, " ")
end

--- n (3) paragraphs with empty lines between.
function fake:paragraphs(n)
  local found = {}
  for i = 1, n or 3 do found[i] = self:paragraph() end
  return table.concat(found, "\n\n")
end

function fake:slug(n) return (self:words(n or 3):gsub(" ", "-")) .. "-" .. self:int(1, 99999) end
function fake:city() return self:choice(CITIES) end
function fake:country() return self:choice(COUNTRIES) end
function fake:street() return ("%d %s %s"):format(self:int(1, 240), self:choice(LAST), self:choice(STREETS)) end
function fake:postcode() return ("%05d"):format(self:int(1000, 99999)) end
function fake:company() return self:choice(LAST) .. " " .. self:choice { "Ltd", "Works", "Group", "Labs", "Studio", "& Sons" } end
function fake:phone() return ("+1 555 01%02d %03d"):format(self:int(0, 99), self:int(0, 999)) end
function fake:url() return ("https://%s/%s"):format(self:choice(HOSTS), self:slug(2)) end
function fake:color() return ("#%06x"):format(self:int(0, 16777215)) end
function fake:ip() return ("10.%d.%d.%d"):format(self:int(0, 255), self:int(0, 255), self:int(1, 254)) end

--- n (16) hexadecimal digits.
function fake:hex(n)
  local found = {}
  for i = 1, n or 16 do found[i] = ("%x"):format(self:int(0, 15)) end
  return table.concat(found)
end

--- A UUID of version 4.
function fake:uuid()
  local variant = ("89ab"):sub(self:int(1, 4))
  return ("%s-%s-4%s-%s%s-%s"):format(self:hex(8), self:hex(4), self:hex(3), variant:sub(1, 1), self:hex(3), self:hex(12))
end

--- n (16) bytes of any value.
function fake:bytes(n)
  local found = {}
  for i = 1, n or 16 do found[i] = string.char(self:int(0, 255)) end
  return table.concat(found)
end

--- A number from low to high with `digits` (2) digits after the point.
function fake:number(low, high, digits)
  local scale = 10 ^ (digits or 2)
  return self:int(math.ceil((low or 0) * scale), math.floor((high or 1000) * scale)) / scale
end

--- The same as exact text, for Decimal.
function fake:decimal(low, high, digits)
  digits = digits or 2
  local scale = 10 ^ digits
  local n = self:int(math.ceil((low or 0) * scale), math.floor((high or 1000) * scale))
  local sign = n < 0 and "-" or ""
  n = math.abs(n)
  if digits == 0 then return ("%s%.0f"):format(sign, n) end
  return ("%s%.0f.%0" .. digits .. ".0f"):format(sign, math.floor(n / scale), n % scale)
end

local FROM, TO = 1577836800, 1767225599 -- 2020 to 2025: not relative to today, so the data stays the same

local function seconds(moment, default)
  if moment == nil then return default end
  if type(moment) == "number" then return math.floor(moment) end
  return math.floor(require("rille.core").time(moment))
end

--- A date-time from `from` to `to` (ISO strings or seconds since 1970; by default the years 2020 to 2025) as an ISO string.
function fake:date(from, to) return os.date("!%Y-%m-%dT%H:%M:%S.000Z", self:int(seconds(from, FROM), seconds(to, TO))) end

--- The pattern with each # replaced by a digit, ? by a lower-case letter and * by either.
function fake:pattern(text)
  return (text:gsub("[#?*]", function(mark)
    local letters = mark == "#" and "0123456789" or mark == "?" and "abcdefghijklmnopqrstuvwxyz" or "abcdefghijklmnopqrstuvwxyz0123456789"
    local at = self:int(1, #letters)
    return letters:sub(at, at)
  end))
end

for name, method in pairs(fake) do random[name] = method end

return fake
