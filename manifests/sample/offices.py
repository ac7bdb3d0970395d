"""The fictional city's offices, as their papers name them."""

from __future__ import annotations

PARTY = "中共云岭市委员会"
PARTY_OFFICE = "中共云岭市委办公室"
CITY = "云岭市人民政府"
CITY_OFFICE = "云岭市人民政府办公室"
GROUP = "云岭市质量强市和知识产权强市工作领导小组"
GROUP_OFFICE = "云岭市质量强市和知识产权强市工作领导小组办公室"
GROUP_HEADER = "云岭市质量强市和知识产权强市\n工作领导小组办公室文件"
MARKET = "云岭市市场监督管理局"
PLANNING = "云岭市发展和改革局"
FINANCE = "云岭市财政局"
POLICE = "云岭市公安局"
FARMS = "云岭市农业农村局"
HOUSING = "云岭市住房和城乡建设局"
ROADS = "云岭市交通运输局"
WATER = "云岭市水务局"
TRADE = "云岭市商务局"
NATURE = "云岭市生态环境局"

PEOPLE = {  # who answers for a table, and who fills it in
    GROUP_OFFICE: ("何　清", "温　雅"),
    MARKET: ("何　清", "石小东"),
    FINANCE: ("陆　远", "金　波"),
    POLICE: ("石　磊", "程　安"),
    FARMS: ("田　禾", "苗　青"),
    HOUSING: ("高　岩", "方　圆"),
    NATURE: ("蓝天宇", "林　海"),
}
TO_ALL = "各乡镇人民政府、街道办事处，市人民政府各工作部门："
TOWNS = (
    "城关街道", "云东街道", "青溪镇", "白石镇", "龙井镇", "茶山镇",
    "松坪镇", "河口镇", "石桥乡", "大营乡", "麻柳乡", "双江乡",
)  # fmt: skip
